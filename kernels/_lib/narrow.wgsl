// Products with few columns of a dense weight, such as an adapter's A or B, for which a tile of 64 x 64 would be mostly empty
// and so few workgroups would leave a GPU idle. A workgroup of 256 computes 8 rows x 16 columns: its lanes are 32 splits of the
// reduction, each of 8 lanes with 4 x 4 outputs, whose sums are added in order at the end. Joined with add_products.wgsl and a
// kernel that defines the length of the reduction (`reduced`), the number of columns (`columns`), four values of a row from a
// step on (`row_quad`), the values of four columns at four steps (`weights_at`, by step) and where an output is stored
// (`store`).
var<workgroup> split_sums: array<mat4x4f, 256>;

@compute @workgroup_size(256)
fn narrow(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (columns() + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 8u;
  let c0 = (index % tiles) * 16u;
  if (n >= p.rows) { return; }
  let row = n + lane % 8u / 4u * 4u;
  let column = c0 + lane % 4u * 4u;
  var sums = mat4x4f();
  for (var k = lane / 8u * 4u; k < reduced(); k += 128u) {
    let w = weights_at(column, k);
    sums[0] = add_products(sums[0], row_quad(row, k), w);
    sums[1] = add_products(sums[1], row_quad(row + 1u, k), w);
    sums[2] = add_products(sums[2], row_quad(row + 2u, k), w);
    sums[3] = add_products(sums[3], row_quad(row + 3u, k), w);
  }
  split_sums[lane] = sums;
  workgroupBarrier();
  let r = lane / 16u;
  let c = lane % 16u;
  if (lane >= 128u || n + r >= p.rows || c0 + c >= columns()) { return; }
  var sum = 0.0;
  for (var split = 0u; split < 32u; split++) { sum += split_sums[split * 8u + r / 4u * 4u + c / 4u][r % 4u][c % 4u]; }
  store(n + r, c0 + c, p.alpha * sum);
}
