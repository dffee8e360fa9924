// Token embedding: y[n,c] = scale * W[token[n], c] from a packed table.
// A table over a binding limit is split by rows: a launch writes only rows of y whose token lies in
// [row_offset, row_offset + part_rows), so the launches of all parts fill y together.
// One invocation per quad of columns; invocations are folded over two grid dimensions.
struct Params { rows: u32, cols: u32, row_offset: u32, part_rows: u32, code_words: u32, scale_words: u32, scale: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quads = (p.cols + 3u) / 4u;
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let n = index / quads;
  if (n >= p.rows) { return; }
  let token = tokens[n];
  if (token < p.row_offset || token - p.row_offset >= p.part_rows) { return; }
  let row = token - p.row_offset;
  let c = (index % quads) * 4u;
  let value = p.scale * weight_quad(row, c, group_scale(row, c));
  for (var j = 0u; j < min(4u, p.cols - c); j++) { y[n * p.cols + c + j] = value[j]; }
}
