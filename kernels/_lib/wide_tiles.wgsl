// Products by tiles for GPUs, where rows of both factors begin at multiples of 16 values. Joined with add_products.wgsl and a
// kernel that defines the length of the reduction (`reduced`, then `p.rank` steps of a branch), the number of columns
// (`columns`), how the tiles are filled (`row_quad`, `fetch_columns`, `branch_row_quad`, `branch_columns`), the layout of a
// lane's columns in the column tile (`place_of`, `pitch_of`), which columns a lane has (`column_of`), the orientation of the
// column tile (constants, `oriented`) and where an output is stored (`store`).
//   wide        a workgroup of 64 computes 64 x 64 outputs, each lane 8 x 8, in steps of 16 along the reduction
//   wide_small  a workgroup of 64 computes 32 x 32 outputs, each lane 4 x 4, in steps of 32: for small grids
// A step's loads are issued while the previous step is multiplied. An output is one chain of fma along the reduction and then
// along the branch, whatever the tile, so both entries give the same bits. Tiles are read in the entry points themselves, where
// a compiler can prove that an index is in range and omit the bounds check.
const LANES4 = vec4u(0u, 1u, 2u, 3u);

/** Rows of x or dy, `step` values each as quads; a row is one quad longer, so that rows begin in different banks. */
var<workgroup> row_tile: array<vec4f, 320>;
var<workgroup> column_tile: array<vec4f, 320>;

struct Loaded { rows: mat4x4f, columns: Fetched }

/** The `slot`-th quad of the row tile: of which row, and which of the quads of its step. */
fn row_quad_of(slot: u32, n: u32, k: u32, quads: u32) -> vec4f {
  return row_quad(min(n + slot / quads, p.rows - 1u), k, slot % quads);
}

fn fetch_step(lane: u32, n: u32, c0: u32, k: u32, step: u32) -> Loaded {
  let quads = step / 4u;
  return Loaded(
    mat4x4f(row_quad_of(lane, n, k, quads), row_quad_of(lane + 64u, n, k, quads), row_quad_of(lane + 128u, n, k, quads), row_quad_of(lane + 192u, n, k, quads)),
    fetch_columns(place_of(lane, step), c0, k),
  );
}

/** Where a quad of the row tile lies; a row is one quad longer than a step. */
fn row_place(slot: u32, quads: u32) -> u32 { return slot / quads * (quads + 1u) + slot % quads; }

fn put_columns(place: vec2u, step: u32, w: mat4x4f) {
  let at = place.x * pitch_of(step) + place.y / 4u;
  column_tile[at] = w[0];
  column_tile[at + 1u] = w[1];
  column_tile[at + 2u] = w[2];
  column_tile[at + 3u] = w[3];
}

fn put_step(loaded: Loaded, lane: u32, step: u32) {
  let quads = step / 4u;
  row_tile[row_place(lane, quads)] = p.alpha * loaded.rows[0];
  row_tile[row_place(lane + 64u, quads)] = p.alpha * loaded.rows[1];
  row_tile[row_place(lane + 128u, quads)] = p.alpha * loaded.rows[2];
  row_tile[row_place(lane + 192u, quads)] = p.alpha * loaded.rows[3];
  put_columns(place_of(lane, step), step, unpack(loaded.columns));
}

fn put_branch(lane: u32, n: u32, c0: u32, r: u32, step: u32) {
  let quads = step / 4u;
  for (var slot = lane; slot < 256u; slot += 64u) {
    row_tile[row_place(slot, quads)] = p.lora_scale * branch_row_quad(min(n + slot / quads, p.rows - 1u), r + slot % quads * 4u);
  }
  let place = place_of(lane, step);
  put_columns(place, step, branch_columns(place, c0, r));
}

/** Four outputs of a row, those of the lane's columns from the 4 * half-th on. */
fn store_four(n: u32, c0: u32, column: u32, half: u32, values: vec4f) {
  if (n >= p.rows) { return; }
  let at = vec4u(column_of(column, half * 4u), column_of(column, half * 4u + 1u), column_of(column, half * 4u + 2u), column_of(column, half * 4u + 3u)) + c0;
  if (at.x < columns()) { store(n, at.x, values.x); }
  if (at.y < columns()) { store(n, at.y, values.y); }
  if (at.z < columns()) { store(n, at.z, values.z); }
  if (at.w < columns()) { store(n, at.w, values.w); }
}

@compute @workgroup_size(64)
fn wide(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (columns() + 63u) / 64u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 64u;
  let c0 = (index % tiles) * 64u;
  if (n >= p.rows) { return; }
  let row = lane / 8u;
  let column = lane % 8u;
  var a0 = vec4f();
  var b0 = vec4f();
  var a1 = vec4f();
  var b1 = vec4f();
  var a2 = vec4f();
  var b2 = vec4f();
  var a3 = vec4f();
  var b3 = vec4f();
  var a4 = vec4f();
  var b4 = vec4f();
  var a5 = vec4f();
  var b5 = vec4f();
  var a6 = vec4f();
  var b6 = vec4f();
  var a7 = vec4f();
  var b7 = vec4f();
  var loaded = fetch_step(lane, n, c0, 0u, 16u);
  for (var start = 0u; start < reduced() + p.rank; start += 16u) {
    if (start < reduced()) { put_step(loaded, lane, 16u); } else { put_branch(lane, n, c0, start - reduced(), 16u); }
    workgroupBarrier();
    if (start + 16u < reduced()) { loaded = fetch_step(lane, n, c0, start + 16u, 16u); }
    for (var q = 0u; q < 4u; q++) {
      let at_row = row * 5u + q;
      let at = column * WIDE_COLUMN + q * WIDE_QUAD;
      let wa = oriented(mat4x4f(column_tile[at], column_tile[at + WIDE_NEXT], column_tile[at + 2u * WIDE_NEXT], column_tile[at + 3u * WIDE_NEXT]));
      let at_half = at + WIDE_HALF;
      let wb = oriented(mat4x4f(column_tile[at_half], column_tile[at_half + WIDE_NEXT], column_tile[at_half + 2u * WIDE_NEXT], column_tile[at_half + 3u * WIDE_NEXT]));
      let v0 = row_tile[at_row + 0u];
      a0 = add_products(a0, v0, wa);
      b0 = add_products(b0, v0, wb);
      let v1 = row_tile[at_row + 40u];
      a1 = add_products(a1, v1, wa);
      b1 = add_products(b1, v1, wb);
      let v2 = row_tile[at_row + 80u];
      a2 = add_products(a2, v2, wa);
      b2 = add_products(b2, v2, wb);
      let v3 = row_tile[at_row + 120u];
      a3 = add_products(a3, v3, wa);
      b3 = add_products(b3, v3, wb);
      let v4 = row_tile[at_row + 160u];
      a4 = add_products(a4, v4, wa);
      b4 = add_products(b4, v4, wb);
      let v5 = row_tile[at_row + 200u];
      a5 = add_products(a5, v5, wa);
      b5 = add_products(b5, v5, wb);
      let v6 = row_tile[at_row + 240u];
      a6 = add_products(a6, v6, wa);
      b6 = add_products(b6, v6, wb);
      let v7 = row_tile[at_row + 280u];
      a7 = add_products(a7, v7, wa);
      b7 = add_products(b7, v7, wb);
    }
    workgroupBarrier();
  }
  store_four(n + row, c0, column, 0u, a0);
  store_four(n + row, c0, column, 1u, b0);
  store_four(n + row + 8u, c0, column, 0u, a1);
  store_four(n + row + 8u, c0, column, 1u, b1);
  store_four(n + row + 16u, c0, column, 0u, a2);
  store_four(n + row + 16u, c0, column, 1u, b2);
  store_four(n + row + 24u, c0, column, 0u, a3);
  store_four(n + row + 24u, c0, column, 1u, b3);
  store_four(n + row + 32u, c0, column, 0u, a4);
  store_four(n + row + 32u, c0, column, 1u, b4);
  store_four(n + row + 40u, c0, column, 0u, a5);
  store_four(n + row + 40u, c0, column, 1u, b5);
  store_four(n + row + 48u, c0, column, 0u, a6);
  store_four(n + row + 48u, c0, column, 1u, b6);
  store_four(n + row + 56u, c0, column, 0u, a7);
  store_four(n + row + 56u, c0, column, 1u, b7);
}

@compute @workgroup_size(64)
fn wide_small(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (columns() + 31u) / 32u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 32u;
  let c0 = (index % tiles) * 32u;
  if (n >= p.rows) { return; }
  let row = lane / 8u;
  let column = lane % 8u;
  var sums = mat4x4f();
  var loaded = fetch_step(lane, n, c0, 0u, 32u);
  for (var start = 0u; start < reduced() + p.rank; start += 32u) {
    if (start < reduced()) { put_step(loaded, lane, 32u); } else { put_branch(lane, n, c0, start - reduced(), 32u); }
    workgroupBarrier();
    if (start + 32u < reduced()) { loaded = fetch_step(lane, n, c0, start + 32u, 32u); }
    for (var q = 0u; q < 8u; q++) {
      let at_row = row * 9u + q;
      let at = column * SMALL_COLUMN + q * SMALL_QUAD;
      let w = oriented(mat4x4f(column_tile[at], column_tile[at + SMALL_NEXT], column_tile[at + 2u * SMALL_NEXT], column_tile[at + 3u * SMALL_NEXT]));
      sums[0] = add_products(sums[0], row_tile[at_row], w);
      sums[1] = add_products(sums[1], row_tile[at_row + 72u], w);
      sums[2] = add_products(sums[2], row_tile[at_row + 144u], w);
      sums[3] = add_products(sums[3], row_tile[at_row + 216u], w);
    }
    workgroupBarrier();
  }
  store_four(n + row, c0, column, 0u, sums[0]);
  store_four(n + row + 8u, c0, column, 0u, sums[1]);
  store_four(n + row + 16u, c0, column, 0u, sums[2]);
  store_four(n + row + 24u, c0, column, 0u, sums[3]);
}
