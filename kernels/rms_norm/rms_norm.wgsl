// Root mean square normalisation over the last axis.
//   forward      y[n,c]  = x[n,c] * rstd[n] * w[c]            rstd[n] = 1 / sqrt(mean_c(x[n,c]^2) + eps)
//   backward_dx  dx[n,c] = rstd * g - x * rstd^3 * mean_c(g * x) (+ dx)    with g[n,c] = dy[n,c] * w[c]
// The weight is frozen, so it has no gradient. Shapes: x, y, dy, dx [N, C] row-major; w [C]; rstd [N].
// One workgroup per row; rows are folded over two grid dimensions.
// Source: Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4. Reference: rms_norm.ref.ts.
override WG: u32 = 64;
override ACCUMULATE: u32 = 0;

struct Params { rows: u32, cols: u32, eps: f32, weight_offset: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> rstd_saved: array<f32>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;

var<workgroup> partials: array<f32, WG>;

fn workgroup_sum(lane: u32, value: f32) -> f32 {
  partials[lane] = value;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half >>= 1u) {
    if (lane < half) { partials[lane] += partials[lane + half]; }
    workgroupBarrier();
  }
  return partials[0];
}

@compute @workgroup_size(WG)
fn forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let base = row * p.cols;
  var sum_sq = 0.0;
  for (var c = lane; c < p.cols; c += WG) {
    let v = x[base + c];
    sum_sq += v * v;
  }
  let r = 1.0 / sqrt(workgroup_sum(lane, sum_sq) / f32(p.cols) + p.eps);
  if (lane == 0u) { rstd[row] = r; }
  for (var c = lane; c < p.cols; c += WG) { y[base + c] = x[base + c] * r * (w[c] + p.weight_offset); }
}

@compute @workgroup_size(WG)
fn backward_dx(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let base = row * p.cols;
  let r = rstd_saved[row];
  var dot_gx = 0.0;
  for (var c = lane; c < p.cols; c += WG) { dot_gx += dy[base + c] * (w[c] + p.weight_offset) * x[base + c]; }
  let k = workgroup_sum(lane, dot_gx) * r * r * r / f32(p.cols);
  for (var c = lane; c < p.cols; c += WG) {
    let v = r * dy[base + c] * (w[c] + p.weight_offset) - k * x[base + c];
    if (ACCUMULATE == 1u) { dx[base + c] += v; } else { dx[base + c] = v; }
  }
}
