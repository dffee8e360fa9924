// Scales each column of a matrix by a factor of its own:
//   forward             y[n,o]  = z[n,o] * factor[o] (+ bias[o])
//   backward_dz         dz[n,o] = dy[n,o] * factor[o]
//   backward_magnitude  gradient[o] += inverse_norm[o] * sum_n dy[n,o] * z[n,o]
// of factor = magnitude * inverse_norm with inverse_norm held constant, as DoRA trains its magnitude.
// z, y, dy, dz [N, O] row-major; factor, bias, inverse_norm, gradient [O].
//   backward_magnitude         a workgroup per 16 columns, its 64 lanes split the rows in four
// Source: Liu et al. 2024, arXiv:2402.09353, section 4.3. Reference: column_scale.ref.ts.
override BIAS: u32 = 0;

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> factor: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read> inverse_norm: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (wg.y * grid.x + wg.x) * 64u + lane;
  if (at >= p.rows * p.cols) { return; }
  let o = at % p.cols;
  var value = z[at] * factor[o];
  if (BIAS == 1u) { value += bias[o]; }
  y[at] = value;
}

@compute @workgroup_size(64)
fn backward_dz(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (wg.y * grid.x + wg.x) * 64u + lane;
  if (at >= p.rows * p.cols) { return; }
  y[at] = dy[at] * factor[at % p.cols];
}

/** Of one column, every `step`-th row from `first` on. */
fn products(o: u32, first: u32, step: u32) -> f32 {
  var sum = 0.0;
  for (var n = first; n < p.rows; n += step) { sum += dy[n * p.cols + o] * z[n * p.cols + o]; }
  return sum;
}

var<workgroup> partials: array<f32, 64>;

@compute @workgroup_size(64)
fn backward_magnitude(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let o = (wg.y * grid.x + wg.x) * 16u + lane % 16u;
  partials[lane] = products(min(o, p.cols - 1u), lane / 16u, 4u);
  workgroupBarrier();
  if (lane < 16u && o < p.cols) {
    gradient[o] += inverse_norm[o] * ((partials[lane] + partials[lane + 16u]) + (partials[lane + 32u] + partials[lane + 48u]));
  }
}
