// The mean of each column of a weight W [V, C], in two launches for each part of it:
//   partial:  sums[k, c] = sum of W[v,c] over the k-th CHUNK rows of the part
//   finish:   mean[c] = factor * sum over k of sums[k, c]      factor = 1 / V; += after the first part, where ACCUMULATE is 1
// One invocation per quad of columns and chunk, then one per column. Sums of a chunk run in blocks of 64 rows. W is packed
// (kernels/_lib) and may be split by rows. Joined with a weight reader. Reference: column_mean.ref.ts.
override ACCUMULATE: u32 = 0;

struct Params { rows: u32, cols: u32, chunks: u32, factor: f32, code_words: u32, scale_words: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;
@group(0) @binding(5) var<storage, read_write> mean: array<f32>;

const CHUNK = 1024u;
const BLOCK = 64u;

@compute @workgroup_size(64)
fn partial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quads = (p.cols + 3u) / 4u;
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let chunk = index / quads;
  if (chunk >= p.chunks) { return; }
  let c = (index % quads) * 4u;
  let end = min((chunk + 1u) * CHUNK, p.rows);
  var sum = vec4f(0.0);
  for (var first = chunk * CHUNK; first < end; first += BLOCK) {
    var block = vec4f(0.0);
    for (var row = first; row < min(first + BLOCK, end); row++) { block += weight_quad(row, c, group_scale(row, c)); }
    sum += block;
  }
  for (var j = 0u; j < min(4u, p.cols - c); j++) { sums[chunk * p.cols + c + j] = sum[j]; }
}

@compute @workgroup_size(64)
fn finish(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = (wg.y * grid.x + wg.x) * 64u + lane;
  if (c >= p.cols) { return; }
  var sum = 0.0;
  for (var k = 0u; k < p.chunks; k++) { sum += sums[k * p.cols + c]; }
  if (ACCUMULATE == 1u) { mean[c] += sum * p.factor; } else { mean[c] = sum * p.factor; }
}
