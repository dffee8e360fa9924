// Products by tiles for GPUs, where rows of both factors begin at multiples of 16 values. Joined with a kernel that says what
// it adds up over (`reduced`, then `p.rank` steps of a branch), how many columns it has (`columns`), how the tiles are filled
// (`fetch_step`, `put_step`, `put_branch`), which columns a lane has (`columns_at`, `column_of`) and where a value goes (`store`).
//   wide        a workgroup of 64 computes 64 x 64 outputs, each lane 8 x 8, in steps of 16 along the reduction
//   wide_small  a workgroup of 64 computes 32 x 32 outputs, each lane 4 x 4, in steps of 32: for grids that are small
// A step's loads are issued while the step before is multiplied. An output is one chain of fma along the reduction and then
// along the branch, whatever the tile: both entries give the same bits.
const LANES4 = vec4u(0u, 1u, 2u, 3u);

/** Rows of x or dy, `step` values each as quads; a row is one quad longer, so that rows begin in different banks. */
var<workgroup> row_tile: array<vec4f, 320>;
var<workgroup> column_tile: array<vec4f, 320>;

/** acc + v * w, in the order of the reduction. */
fn add_products(acc: vec4f, v: vec4f, w: mat4x4f) -> vec4f {
  return fma(vec4f(v.w), w[3], fma(vec4f(v.z), w[2], fma(vec4f(v.y), w[1], fma(vec4f(v.x), w[0], acc))));
}

/** Sums of a lane's rows, for its first and for its last four columns. */
struct Sums { a: array<vec4f, 8>, b: array<vec4f, 8> }

fn multiply(sums: ptr<function, Sums>, row: u32, column: u32) {
  for (var q = 0u; q < 4u; q++) {
    let wa = columns_at(q, column, 0u, 16u);
    let wb = columns_at(q, column, 1u, 16u);
    let v0 = row_tile[row * 5u + q];
    let v1 = row_tile[(row + 8u) * 5u + q];
    let v2 = row_tile[(row + 16u) * 5u + q];
    let v3 = row_tile[(row + 24u) * 5u + q];
    (*sums).a[0] = add_products((*sums).a[0], v0, wa);
    (*sums).b[0] = add_products((*sums).b[0], v0, wb);
    (*sums).a[1] = add_products((*sums).a[1], v1, wa);
    (*sums).b[1] = add_products((*sums).b[1], v1, wb);
    (*sums).a[2] = add_products((*sums).a[2], v2, wa);
    (*sums).b[2] = add_products((*sums).b[2], v2, wb);
    (*sums).a[3] = add_products((*sums).a[3], v3, wa);
    (*sums).b[3] = add_products((*sums).b[3], v3, wb);
    let v4 = row_tile[(row + 32u) * 5u + q];
    let v5 = row_tile[(row + 40u) * 5u + q];
    let v6 = row_tile[(row + 48u) * 5u + q];
    let v7 = row_tile[(row + 56u) * 5u + q];
    (*sums).a[4] = add_products((*sums).a[4], v4, wa);
    (*sums).b[4] = add_products((*sums).b[4], v4, wb);
    (*sums).a[5] = add_products((*sums).a[5], v5, wa);
    (*sums).b[5] = add_products((*sums).b[5], v5, wb);
    (*sums).a[6] = add_products((*sums).a[6], v6, wa);
    (*sums).b[6] = add_products((*sums).b[6], v6, wb);
    (*sums).a[7] = add_products((*sums).a[7], v7, wa);
    (*sums).b[7] = add_products((*sums).b[7], v7, wb);
  }
}

fn multiply_small(sums: ptr<function, mat4x4f>, row: u32, column: u32) {
  for (var q = 0u; q < 8u; q++) {
    let w = columns_at(q, column, 0u, 32u);
    (*sums)[0] = add_products((*sums)[0], row_tile[row * 9u + q], w);
    (*sums)[1] = add_products((*sums)[1], row_tile[(row + 8u) * 9u + q], w);
    (*sums)[2] = add_products((*sums)[2], row_tile[(row + 16u) * 9u + q], w);
    (*sums)[3] = add_products((*sums)[3], row_tile[(row + 24u) * 9u + q], w);
  }
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
  var sums = Sums();
  var loaded = fetch_step(lane, n, c0, 0u, 16u);
  for (var start = 0u; start < reduced(); start += 16u) {
    put_step(loaded, lane, 16u);
    workgroupBarrier();
    loaded = fetch_step(lane, n, c0, min(start + 16u, reduced() - 16u), 16u);
    multiply(&sums, row, column);
    workgroupBarrier();
  }
  for (var start = 0u; start < p.rank; start += 16u) {
    put_branch(lane, n, c0, start, 16u);
    workgroupBarrier();
    multiply(&sums, row, column);
    workgroupBarrier();
  }
  store_four(n + row, c0, column, 0u, sums.a[0]);
  store_four(n + row, c0, column, 1u, sums.b[0]);
  store_four(n + row + 8u, c0, column, 0u, sums.a[1]);
  store_four(n + row + 8u, c0, column, 1u, sums.b[1]);
  store_four(n + row + 16u, c0, column, 0u, sums.a[2]);
  store_four(n + row + 16u, c0, column, 1u, sums.b[2]);
  store_four(n + row + 24u, c0, column, 0u, sums.a[3]);
  store_four(n + row + 24u, c0, column, 1u, sums.b[3]);
  store_four(n + row + 32u, c0, column, 0u, sums.a[4]);
  store_four(n + row + 32u, c0, column, 1u, sums.b[4]);
  store_four(n + row + 40u, c0, column, 0u, sums.a[5]);
  store_four(n + row + 40u, c0, column, 1u, sums.b[5]);
  store_four(n + row + 48u, c0, column, 0u, sums.a[6]);
  store_four(n + row + 48u, c0, column, 1u, sums.b[6]);
  store_four(n + row + 56u, c0, column, 0u, sums.a[7]);
  store_four(n + row + 56u, c0, column, 1u, sums.b[7]);
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
  for (var start = 0u; start < reduced(); start += 32u) {
    put_step(loaded, lane, 32u);
    workgroupBarrier();
    loaded = fetch_step(lane, n, c0, min(start + 32u, reduced() - 32u), 32u);
    multiply_small(&sums, row, column);
    workgroupBarrier();
  }
  for (var start = 0u; start < p.rank; start += 32u) {
    put_branch(lane, n, c0, start, 32u);
    workgroupBarrier();
    multiply_small(&sums, row, column);
    workgroupBarrier();
  }
  store_four(n + row, c0, column, 0u, sums[0]);
  store_four(n + row + 8u, c0, column, 0u, sums[1]);
  store_four(n + row + 16u, c0, column, 0u, sums[2]);
  store_four(n + row + 24u, c0, column, 0u, sums[3]);
}
