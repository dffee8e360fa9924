// Products by tiles of 64 x 64 outputs. Joined with a kernel that defines the length of the reduction (`reduced`, then `p.rank`
// steps of a branch), the number of columns (`columns`), how a slot of a tile is filled (`load_tile`) and where an output is
// stored (`store`).
// Where rows begin at multiples of 16 values, wide_tiles.wgsl is faster.
//   tile    a workgroup of 256, each lane 4 x 4 outputs
//   tile_8  a workgroup of 64, each lane 8 x 8: fewer loads of the tiles, fewer lanes
// The order of the additions depends only on the length of the reduction.

// 16 steps along the reduction of 16 vec4 each; one more vec4 a step spreads the rows over memory banks.
const STEP = 16u;
const PITCH = 17u;
var<workgroup> row_tile: array<vec4f, STEP * PITCH>;
var<workgroup> column_tile: array<vec4f, STEP * PITCH>;

fn outer(rows: vec4f, cols: vec4f) -> mat4x4f { return mat4x4f(rows.x * cols, rows.y * cols, rows.z * cols, rows.w * cols); }

fn store_four_by_four(n: u32, c0: u32, values: mat4x4f) {
  var results = values;
  for (var r = 0u; r < 4u; r++) {
    for (var c = 0u; c < 4u; c++) { if (n + r < p.rows && c0 + c < columns()) { store(n + r, c0 + c, results[r][c]); } }
  }
}

@compute @workgroup_size(256)
fn tile(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (columns() + 63u) / 64u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 64u;
  let c0 = (index % tiles) * 64u;
  if (n >= p.rows) { return; }
  let row = lane / 16u;
  let column = lane % 16u;
  let end = (reduced() + STEP - 1u) / STEP * STEP;
  var acc = mat4x4f();
  for (var start = 0u; start < end + p.rank; start += STEP) {
    load_tile(lane, n, c0, start, end);
    workgroupBarrier();
    for (var s = 0u; s < STEP; s++) { acc += outer(row_tile[s * PITCH + row], column_tile[s * PITCH + column]); }
    workgroupBarrier();
  }
  store_four_by_four(n + row * 4u, c0 + column * 4u, acc);
}

@compute @workgroup_size(64)
fn tile_8(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (columns() + 63u) / 64u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 64u;
  let c0 = (index % tiles) * 64u;
  if (n >= p.rows) { return; }
  // Four rows and columns in each half of the tile.
  let row = lane / 8u;
  let column = lane % 8u;
  let end = (reduced() + STEP - 1u) / STEP * STEP;
  var acc_00 = mat4x4f();
  var acc_01 = mat4x4f();
  var acc_10 = mat4x4f();
  var acc_11 = mat4x4f();
  for (var start = 0u; start < end + p.rank; start += STEP) {
    for (var slot = lane; slot < 256u; slot += 64u) { load_tile(slot, n, c0, start, end); }
    workgroupBarrier();
    for (var s = 0u; s < STEP; s++) {
      let rows_0 = row_tile[s * PITCH + row];
      let rows_1 = row_tile[s * PITCH + row + 8u];
      let cols_0 = column_tile[s * PITCH + column];
      let cols_1 = column_tile[s * PITCH + column + 8u];
      acc_00 += outer(rows_0, cols_0);
      acc_01 += outer(rows_0, cols_1);
      acc_10 += outer(rows_1, cols_0);
      acc_11 += outer(rows_1, cols_1);
    }
    workgroupBarrier();
  }
  store_four_by_four(n + row * 4u, c0 + column * 4u, acc_00);
  store_four_by_four(n + row * 4u, c0 + column * 4u + 32u, acc_01);
  store_four_by_four(n + row * 4u + 32u, c0 + column * 4u, acc_10);
  store_four_by_four(n + row * 4u + 32u, c0 + column * 4u + 32u, acc_11);
}
