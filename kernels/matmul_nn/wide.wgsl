// matmul_nn by _lib/wide_tiles.wgsl, where I and O are multiples of 16 (wide_small: of 32) and rows of dy begin at multiples
// of four. A lane loads sixteen columns of one row of W, and four quads of dy.
// Joined with interface.wgsl, keep and branch like matmul_nn.wgsl, and with a reader of sixteen columns.
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;

fn reduced() -> u32 { return p.out_features; }
fn columns() -> u32 { return p.in_features; }
fn column_of(column: u32, j: u32) -> u32 { return column * 4u + j % 4u + j / 4u * 32u; }

/** A lane's step within the tile, and the first of its sixteen columns. */
fn place_of(lane: u32, step: u32) -> vec2u { return vec2u(lane / (64u / step), lane % (64u / step) * 16u); }

/** Quads of the column tile that one step takes: one more than it has columns. */
fn pitch_of(step: u32) -> u32 { return 256u / step + 1u; }

fn row_quad(n: u32, o: u32, quad: u32) -> vec4f { return dy[(n * p.dy_stride + p.dy_offset + o) / 4u + quad]; }

fn fetch_columns(place: vec2u, i: u32, o: u32) -> Fetched { return fetch(o + place.x, min(i + place.y, p.in_features - 16u)); }

fn branch_row_quad(n: u32, r: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(dh_at(n, r), dh_at(n, r + 1u), dh_at(n, r + 2u), dh_at(n, r + 3u)), vec4u(r) + LANES4 < vec4u(p.rank));
}

fn a_quad(r: u32, i: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(a_at(r, i), a_at(r, i + 1u), a_at(r, i + 2u), a_at(r, i + 3u)), r < p.rank);
}

fn branch_columns(place: vec2u, i: u32, r: u32) -> mat4x4f {
  let column = min(i + place.y, p.in_features - 16u);
  let own = r + place.x;
  return mat4x4f(a_quad(own, column), a_quad(own, column + 4u), a_quad(own, column + 8u), a_quad(own, column + 12u));
}

/** Where quads of the column tile lie, for a lane's quad of columns, four steps, the next step and its second quad of columns. */
const WIDE_COLUMN = 1u;
const WIDE_QUAD = 68u;
const WIDE_NEXT = 17u;
const WIDE_HALF = 8u;
const SMALL_COLUMN = 1u;
const SMALL_QUAD = 36u;
const SMALL_NEXT = 9u;

/** Four steps of four columns, from quads of columns. */
fn oriented(quads: mat4x4f) -> mat4x4f { return quads; }
