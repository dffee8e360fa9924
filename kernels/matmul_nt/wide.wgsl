// matmul_nt by _lib/wide_tiles.wgsl, where I is a multiple of 16 (wide_small: of 32). A lane loads one row of W, or half of
// it, and four quads of x; it has columns c, c + 8, c + 16, … so that neighbouring lanes read different banks.
// Joined with interface.wgsl, bias and branch like matmul_nt.wgsl, and with a reader of sixteen columns.
@group(0) @binding(1) var<storage, read> x: array<vec4f>;

fn reduced() -> u32 { return p.in_features; }
fn columns() -> u32 { return p.out_features; }
fn column_of(column: u32, j: u32) -> u32 { return column + 8u * j; }

/** A lane's row of W within the tile, and where its sixteen values begin. */
fn place_of(lane: u32, step: u32) -> vec2u { return vec2u(lane / (step / 16u), lane % (step / 16u) * 16u); }

/** Quads of the column tile that one column takes: one more than a step has. */
fn pitch_of(step: u32) -> u32 { return step / 4u + 1u; }

fn row_quad(n: u32, k: u32, quad: u32) -> vec4f { return x[(n * p.in_features + k) / 4u + quad]; }

fn fetch_columns(place: vec2u, o: u32, k: u32) -> Fetched { return fetch(min(o + place.x, p.out_features - 1u), k + place.y); }

fn branch_row_quad(n: u32, r: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(h_at(n, r), h_at(n, r + 1u), h_at(n, r + 2u), h_at(n, r + 3u)), vec4u(r) + LANES4 < vec4u(p.rank));
}

fn b_quad(o: u32, r: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(b_at(o, r), b_at(o, r + 1u), b_at(o, r + 2u), b_at(o, r + 3u)), vec4u(r) + LANES4 < vec4u(p.rank));
}

fn branch_columns(place: vec2u, o: u32, r: u32) -> mat4x4f {
  let own = min(o + place.x, p.out_features - 1u);
  let from_r = r + place.y;
  return mat4x4f(b_quad(own, from_r), b_quad(own, from_r + 4u), b_quad(own, from_r + 8u), b_quad(own, from_r + 12u));
}

/** Where quads of the column tile lie, for a lane's column, a quad of steps, the next of its columns and the fifth of them. */
const WIDE_COLUMN = 5u;
const WIDE_QUAD = 1u;
const WIDE_NEXT = 40u;
const WIDE_HALF = 160u;
const SMALL_COLUMN = 9u;
const SMALL_QUAD = 1u;
const SMALL_NEXT = 72u;

/** Four steps of four columns, from quads of steps. */
fn oriented(quads: mat4x4f) -> mat4x4f { return transpose(quads); }
