// Products by subgroup matrices: f16 operands in workgroup memory, f32 sums. matrix_tiles.ts generates the program: it prepends
// the sizes of a device's matrices and inserts the products and the stores of sums. Joined with a kernel that defines the
// length of the reduction (`reduced`), the number of columns (`columns`), where sixteen values of a weight's row are stored
// (`weight_row`, `weight_column`, `weight_place`), what the adapter's branch adds (`branch_quad`) and where an output is stored
// (`store`), and with a reader of sixteen columns of a weight (`sixteen`).
//   matrix  a workgroup of four subgroups computes 64 x 64 outputs, each subgroup 32 x 32, in steps of 32 along the reduction
// A device whose subgroups are smaller than LANES allows for has more of them; those past the fourth only load and store.
// The rows of x or dy come from kernels/row_halves, padded with zeros to whole steps. Past the end of the reduction the weight
// repeats values of the same row or column, which those zeros cancel. The branch is computed in f32, because its factors
// begin at zero and would underflow in f16. The order of the additions depends only on the reduction.
@group(0) @binding(1) var<storage, read> row_halves: array<vec4u>;

/** Halves of 64 rows by 32 steps, and of the weight; rows are eight longer, so that they begin in different banks. */
const ROW_PITCH = 40u;
var<workgroup> row_tile: array<f16, 2560>;
var<workgroup> column_tile: array<f16, 2560>;
/** Sums on their way to lanes: rows of matrices of the upper and of the lower subgroups, 16 columns of the left and the right ones. */
const SUBGROUPS = 4u;
const SUMS_PITCH = 32u;
const SUMS_ROWS = 2u * MATRIX_M;
var<workgroup> sums: array<f32, SUMS_ROWS * SUMS_PITCH>;

/** Words of four of a row in halves, its factor included (kernels/row_halves). */
fn row_words() -> u32 { return (reduced() + 31u) / 32u * 4u + 1u; }

fn factor_of(n: u32) -> f32 { return bitcast<f32>(row_halves[n * row_words() + row_words() - 1u].x); }

fn put_rows(lane: u32, n: u32, k: u32) {
  let words = row_words();
  for (var slot = lane; slot < 256u; slot += LANES) {
    let row = slot / 4u;
    let eight = row_halves[min(n + row, p.rows - 1u) * words + k / 8u + slot % 4u];
    let at = row * ROW_PITCH + slot % 4u * 8u;
    let a = bitcast<vec2h>(eight.x);
    let b = bitcast<vec2h>(eight.y);
    let c = bitcast<vec2h>(eight.z);
    let d = bitcast<vec2h>(eight.w);
    row_tile[at] = a.x;
    row_tile[at + 1u] = a.y;
    row_tile[at + 2u] = b.x;
    row_tile[at + 3u] = b.y;
    row_tile[at + 4u] = c.x;
    row_tile[at + 5u] = c.y;
    row_tile[at + 6u] = d.x;
    row_tile[at + 7u] = d.y;
  }
}

/** Two halves in a word. What has no half (NaN, infinities, magnitudes past 65504) becomes NaN: decided on bits, never clamped. */
fn checked_pair(v: vec2f) -> u32 {
  let bits = bitcast<vec2u>(v) & vec2u(0x7fffffffu);
  let nan = select(vec2u(0u), vec2u(0x7e00u, 0x7e000000u), bits > vec2u(0x477fe000u));
  return pack2x16float(v) | nan.x | nan.y;
}

fn put_quad(at: u32, v: vec4f) {
  let low = bitcast<vec2h>(checked_pair(v.xy));
  let high = bitcast<vec2h>(checked_pair(v.zw));
  column_tile[at] = low.x;
  column_tile[at + 1u] = low.y;
  column_tile[at + 2u] = high.x;
  column_tile[at + 3u] = high.y;
}

fn put_columns(lane: u32, c0: u32, k: u32) {
  for (var slot = lane; slot < 128u; slot += LANES) {
    let w = sixteen(weight_row(slot, c0, k), weight_column(slot, c0, k));
    let at = weight_place(slot);
    put_quad(at, w[0]);
    put_quad(at + 4u, w[1]);
    put_quad(at + 8u, w[2]);
    put_quad(at + 12u, w[3]);
  }
}

/** Scales, adds the branch and stores what lies in `sums`: of each 32 rows those from `first_row` on, of each 32 columns those from `first_column` on. */
fn put_outputs(lane: u32, n: u32, c0: u32, first_row: u32, first_column: u32) {
  for (var slot = lane; slot < SUMS_ROWS * 8u; slot += LANES) {
    let row = slot / 8u;
    let quad = slot % 8u;
    let out_row = n + row / MATRIX_M * 32u + first_row + row % MATRIX_M;
    let column = c0 + quad / 4u * 32u + first_column + quad % 4u * 4u;
    if (out_row < p.rows && column < columns()) {
      let at = row * SUMS_PITCH + quad * 4u;
      let product = p.alpha * (factor_of(out_row) * vec4f(sums[at], sums[at + 1u], sums[at + 2u], sums[at + 3u]));
      let values = product + p.lora_scale * branch_quad(out_row, column);
      store(out_row, column, values.x);
      if (column + 1u < columns()) { store(out_row, column + 1u, values.y); }
      if (column + 2u < columns()) { store(out_row, column + 2u, values.z); }
      if (column + 3u < columns()) { store(out_row, column + 3u, values.w); }
    }
  }
}

@compute @workgroup_size(LANES)
//@ size
fn matrix(
  @builtin(workgroup_id) wg: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let tiles = (columns() + 63u) / 64u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 64u;
  let c0 = (index % tiles) * 64u;
  if (n >= p.rows) { return; }
  let lower = subgroup / 2u;
  let right = subgroup % 2u;
  //@ zeros
  for (var k = 0u; k < reduced(); k += 32u) {
    put_rows(lane, n, k);
    put_columns(lane, c0, k);
    workgroupBarrier();
    //@ products
    workgroupBarrier();
  }
  //@ outputs
}
