// matmul_nn by _lib/wide_tiles.wgsl, where I and O are multiples of 16 (wide_small: of 32) and rows of dy begin at multiples
// of four. A lane brings sixteen columns of one row of W, and four quads of dy.
// Joined with interface.wgsl, keep and branch as matmul_nn.wgsl, and a reader of sixteen columns.
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;

fn reduced() -> u32 { return p.out_features; }
fn columns() -> u32 { return p.in_features; }
fn column_of(column: u32, j: u32) -> u32 { return column * 4u + j % 4u + j / 4u * 32u; }

struct Loaded { dy: mat4x4f, w: Fetched }

/** A lane's step within the tile, and the first of its sixteen columns. */
fn place_of(lane: u32, step: u32) -> vec2u { return vec2u(lane / (64u / step), lane % (64u / step) * 16u); }

fn dy_at(slot: u32, n: u32, o: u32, quads: u32) -> vec4f {
  return dy[(min(n + slot / quads, p.rows - 1u) * p.dy_stride + p.dy_offset + o) / 4u + slot % quads];
}

fn fetch_step(lane: u32, n: u32, i: u32, o: u32, step: u32) -> Loaded {
  let quads = step / 4u;
  let place = place_of(lane, step);
  return Loaded(
    mat4x4f(dy_at(lane, n, o, quads), dy_at(lane + 64u, n, o, quads), dy_at(lane + 128u, n, o, quads), dy_at(lane + 192u, n, o, quads)),
    fetch(o + place.x, min(i + place.y, p.in_features - 16u)),
  );
}

/** Where a quad of the row tile lies; a row is one quad longer than a step. */
fn row_place(slot: u32, quads: u32) -> u32 { return slot / quads * (quads + 1u) + slot % quads; }

/** Quads of the column tile that one step takes: one more than it has columns. */
fn pitch_of(step: u32) -> u32 { return 256u / step + 1u; }

fn put_columns(lane: u32, step: u32, w: mat4x4f) {
  let place = place_of(lane, step);
  let at = place.x * pitch_of(step) + place.y / 4u;
  column_tile[at] = w[0];
  column_tile[at + 1u] = w[1];
  column_tile[at + 2u] = w[2];
  column_tile[at + 3u] = w[3];
}

fn put_step(loaded: Loaded, lane: u32, step: u32) {
  let quads = step / 4u;
  row_tile[row_place(lane, quads)] = p.alpha * loaded.dy[0];
  row_tile[row_place(lane + 64u, quads)] = p.alpha * loaded.dy[1];
  row_tile[row_place(lane + 128u, quads)] = p.alpha * loaded.dy[2];
  row_tile[row_place(lane + 192u, quads)] = p.alpha * loaded.dy[3];
  put_columns(lane, step, unpack(loaded.w));
}

fn dh_quad(n: u32, r: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(dh_at(n, r), dh_at(n, r + 1u), dh_at(n, r + 2u), dh_at(n, r + 3u)), vec4u(r) + LANES4 < vec4u(p.rank));
}

fn a_quad(r: u32, i: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(a_at(r, i), a_at(r, i + 1u), a_at(r, i + 2u), a_at(r, i + 3u)), r < p.rank);
}

fn put_branch(lane: u32, n: u32, i: u32, r: u32, step: u32) {
  let quads = step / 4u;
  for (var slot = lane; slot < 256u; slot += 64u) {
    row_tile[row_place(slot, quads)] = p.lora_scale * dh_quad(min(n + slot / quads, p.rows - 1u), r + slot % quads * 4u);
  }
  let place = place_of(lane, step);
  let column = min(i + place.y, p.in_features - 16u);
  let own = r + place.x;
  put_columns(lane, step, mat4x4f(a_quad(own, column), a_quad(own, column + 4u), a_quad(own, column + 8u), a_quad(own, column + 12u)));
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
