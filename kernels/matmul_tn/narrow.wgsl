// matmul_tn where both factors' rows and columns begin at multiples of four: a workgroup of 256 computes 16 x 16 of g. Its lanes
// are 16 splits of the rows, each of 16 lanes with 4 x 4 outputs, whose sums are added in order at the end. A gradient of few
// columns fills such a tile and gives enough workgroups for a GPU. Rows of zeros at the end do not change the result.
override ACCUMULATE: u32 = 0;

struct Params { rows: u32, p_len: u32, q_len: u32, a_stride: u32, a_offset: u32, b_stride: u32, b_offset: u32, g_stride: u32, swapped: u32, alpha: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> g: array<f32>;

var<workgroup> split_sums: array<mat4x4f, 256>;

fn a_at(n: u32, row: u32) -> vec4f { return a[(n * p.a_stride + p.a_offset + min(row, p.p_len - 4u)) / 4u]; }
fn b_at(n: u32, col: u32) -> vec4f { return b[(n * p.b_stride + p.b_offset + min(col, p.q_len - 4u)) / 4u]; }

@compute @workgroup_size(256)
fn narrow(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.q_len + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let row0 = (index / tiles) * 16u;
  let col0 = (index % tiles) * 16u;
  if (row0 >= p.p_len) { return; }
  let row = row0 + lane % 16u / 4u * 4u;
  let col = col0 + lane % 4u * 4u;
  var sums = mat4x4f();
  for (var n = lane / 16u; n < p.rows; n += 16u) {
    let v = a_at(n, row);
    let w = b_at(n, col);
    sums[0] = fma(vec4f(v.x), w, sums[0]);
    sums[1] = fma(vec4f(v.y), w, sums[1]);
    sums[2] = fma(vec4f(v.z), w, sums[2]);
    sums[3] = fma(vec4f(v.w), w, sums[3]);
  }
  split_sums[lane] = sums;
  workgroupBarrier();
  let r = lane / 16u;
  let c = lane % 16u;
  if (row0 + r >= p.p_len || col0 + c >= p.q_len) { return; }
  var sum = 0.0;
  for (var split = 0u; split < 16u; split++) { sum += split_sums[split * 16u + r / 4u * 4u + c / 4u][r % 4u][c % 4u]; }
  let at = (row0 + r) * p.g_stride + col0 + c;
  if (ACCUMULATE == 1u) { g[at] += p.alpha * sum; } else { g[at] = p.alpha * sum; }
}
