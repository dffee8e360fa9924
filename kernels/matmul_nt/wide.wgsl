// matmul_nt by _lib/wide_tiles.wgsl, where I is a multiple of 16 (wide_small: of 32). A lane brings one row of W, or half of
// it, and four quads of x; it has columns c, c + 8, c + 16, … so that those of its neighbours lie in different banks.
// Joined with interface.wgsl, bias and branch as matmul_nt.wgsl, and a reader of sixteen columns.
@group(0) @binding(1) var<storage, read> x: array<vec4f>;

fn reduced() -> u32 { return p.in_features; }
fn columns() -> u32 { return p.out_features; }
fn column_of(column: u32, j: u32) -> u32 { return column + 8u * j; }

struct Loaded { x: mat4x4f, w: Fetched }

/** A lane's row of W within the tile, and where its sixteen values begin. */
fn place_of(lane: u32, step: u32) -> vec2u { return vec2u(lane / (step / 16u), lane % (step / 16u) * 16u); }

fn x_at(slot: u32, n: u32, k: u32, quads: u32) -> vec4f {
  return x[(min(n + slot / quads, p.rows - 1u) * p.in_features + k) / 4u + slot % quads];
}

fn fetch_step(lane: u32, n: u32, o: u32, k: u32, step: u32) -> Loaded {
  let quads = step / 4u;
  let place = place_of(lane, step);
  return Loaded(
    mat4x4f(x_at(lane, n, k, quads), x_at(lane + 64u, n, k, quads), x_at(lane + 128u, n, k, quads), x_at(lane + 192u, n, k, quads)),
    fetch(min(o + place.x, p.out_features - 1u), k + place.y),
  );
}

/** Where a quad of the row tile lies; a row is one quad longer than a step. */
fn row_place(slot: u32, quads: u32) -> u32 { return slot / quads * (quads + 1u) + slot % quads; }

fn put_columns(lane: u32, step: u32, w: mat4x4f) {
  let place = place_of(lane, step);
  let at = place.x * (step / 4u + 1u) + place.y / 4u;
  column_tile[at] = w[0];
  column_tile[at + 1u] = w[1];
  column_tile[at + 2u] = w[2];
  column_tile[at + 3u] = w[3];
}

fn put_step(loaded: Loaded, lane: u32, step: u32) {
  let quads = step / 4u;
  row_tile[row_place(lane, quads)] = p.alpha * loaded.x[0];
  row_tile[row_place(lane + 64u, quads)] = p.alpha * loaded.x[1];
  row_tile[row_place(lane + 128u, quads)] = p.alpha * loaded.x[2];
  row_tile[row_place(lane + 192u, quads)] = p.alpha * loaded.x[3];
  put_columns(lane, step, unpack(loaded.w));
}

fn h_quad(n: u32, r: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(h_at(n, r), h_at(n, r + 1u), h_at(n, r + 2u), h_at(n, r + 3u)), vec4u(r) + LANES4 < vec4u(p.rank));
}

fn b_quad(o: u32, r: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(b_at(o, r), b_at(o, r + 1u), b_at(o, r + 2u), b_at(o, r + 3u)), vec4u(r) + LANES4 < vec4u(p.rank));
}

fn put_branch(lane: u32, n: u32, o: u32, r: u32, step: u32) {
  let quads = step / 4u;
  for (var slot = lane; slot < 256u; slot += 64u) {
    row_tile[row_place(slot, quads)] = p.lora_scale * h_quad(min(n + slot / quads, p.rows - 1u), r + slot % quads * 4u);
  }
  let place = place_of(lane, step);
  let own = min(o + place.x, p.out_features - 1u);
  let from_r = r + place.y;
  put_columns(lane, step, mat4x4f(b_quad(own, from_r), b_quad(own, from_r + 4u), b_quad(own, from_r + 8u), b_quad(own, from_r + 12u)));
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
