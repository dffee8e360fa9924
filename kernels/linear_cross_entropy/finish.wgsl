// The gradient of each labelled row's loss with respect to its row of x, after all slices of the vocabulary
// (linear_cross_entropy.wgsl):
//   dx[rows[f+i],c] = dxg[i,c] / sum[i] - slope[i] * W[label[f+i],c]        f = first_row
// dxg [chunk_rows, C] is the sum of the slices' products with W; W [V, C] packed (kernels/_lib), split by rows: a launch writes
// the rows whose label lies in [row_offset, row_offset + part_rows). One invocation per quad of columns. A row with a logit
// that is not finite gets NaN throughout. Joined with a weight reader. Reference: linear_cross_entropy.ref.ts.
struct Params {
  chunk_rows: u32, cols: u32, first_row: u32, row_offset: u32, part_rows: u32, code_words: u32, scale_words: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> labels: array<u32>;
@group(0) @binding(6) var<storage, read> state: array<State>;
@group(0) @binding(7) var<storage, read> dxg: array<f32>;
@group(0) @binding(8) var<storage, read_write> dx: array<f32>;

struct State { largest: f32, sum: f32, label_z: f32, label_slope: f32, bad: u32 }

@compute @workgroup_size(64)
fn finish(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quads = (p.cols + 3u) / 4u;
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let row = index / quads;
  if (row >= p.chunk_rows || p.first_row + row >= step[2]) { return; }
  let label = labels[p.first_row + row];
  if (label < p.row_offset || label - p.row_offset >= p.part_rows) { return; }
  let c = (index % quads) * 4u;
  let seen = state[row];
  let of_label = seen.label_slope * weight_quad(label - p.row_offset, c, group_scale(label - p.row_offset, c));
  let nan = bitcast<f32>(seen.bad | 0x7fc00000u);
  for (var j = 0u; j < min(4u, p.cols - c); j++) {
    let value = dxg[row * p.cols + c + j] / seen.sum - of_label[j];
    dx[rows[p.first_row + row] * p.cols + c + j] = select(value, nan, seen.bad != 0u);
  }
}
