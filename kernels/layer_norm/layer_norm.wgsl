// Layer normalisation over the last axis.
//   forward      y[n,c]  = xhat[n,c] * w[c] + b[c]     xhat = (x - mean[n]) * rstd[n]
//                rstd[n] = 1 / sqrt(mean_c((x - mean)^2) + eps), the variance in a second pass over the row
//   backward_dx  dx[n,c] = rstd * (g - mean_c(g) - xhat * mean_c(g * xhat)) (+ dx)    with g[n,c] = dy[n,c] * w[c]
// Weight and bias are frozen. Shapes: x, y, dy, dx [N, C] row-major; w, b [C]; mean, rstd [N].
// One workgroup per row; the grid is folded over two dimensions.
// Joined with _lib/vector_*.wgsl. Source: Ba et al. 2016, arXiv:1607.06450. Reference: layer_norm.ref.ts.
override WG: u32 = 64;
override ACCUMULATE: u32 = 0;

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Vec>;
@group(0) @binding(2) var<storage, read> w: array<Vec>;
@group(0) @binding(3) var<storage, read> b: array<Vec>;
@group(0) @binding(4) var<storage, read> dy: array<Vec>;
@group(0) @binding(5) var<storage, read> mean_saved: array<f32>;
@group(0) @binding(6) var<storage, read> rstd_saved: array<f32>;
@group(0) @binding(7) var<storage, read_write> mean: array<f32>;
@group(0) @binding(8) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(9) var<storage, read_write> y: array<Vec>;
@group(0) @binding(10) var<storage, read_write> dx: array<Vec>;

var<workgroup> partials: array<vec2f, WG>;

fn workgroup_sum(lane: u32, value: vec2f) -> vec2f {
  partials[lane] = value;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half >>= 1u) {
    if (lane < half) { partials[lane] += partials[lane + half]; }
    workgroupBarrier();
  }
  let total = partials[0];
  // The next sum must not overwrite what a slower lane still reads.
  workgroupBarrier();
  return total;
}

fn sum_x(base: u32, first: u32, step: u32) -> f32 {
  var sum = Vec(0.0);
  for (var c = first; c < p.cols / WIDTH; c += step) { sum += x[base + c]; }
  return vec_sum(sum);
}

fn sum_squares(base: u32, first: u32, step: u32, m: f32) -> f32 {
  var sum = Vec(0.0);
  for (var c = first; c < p.cols / WIDTH; c += step) {
    let v = x[base + c] - Vec(m);
    sum += v * v;
  }
  return vec_sum(sum);
}

fn reciprocal_deviation(sum_sq: f32) -> f32 { return 1.0 / sqrt(sum_sq / f32(p.cols) + p.eps); }

fn write_y(base: u32, first: u32, step: u32, m: f32, r: f32) {
  for (var c = first; c < p.cols / WIDTH; c += step) { y[base + c] = (x[base + c] - Vec(m)) * r * w[c] + b[c]; }
}

// Sums over the row of (g, g * xhat).
fn gradient_sums(base: u32, first: u32, step: u32, m: f32, r: f32) -> vec2f {
  var sum_g = Vec(0.0);
  var sum_gx = Vec(0.0);
  for (var c = first; c < p.cols / WIDTH; c += step) {
    let g = dy[base + c] * w[c];
    sum_g += g;
    sum_gx += g * (x[base + c] - Vec(m)) * r;
  }
  return vec2f(vec_sum(sum_g), vec_sum(sum_gx));
}

fn write_dx(base: u32, first: u32, step: u32, m: f32, r: f32, sums: vec2f) {
  let means = sums / f32(p.cols);
  for (var c = first; c < p.cols / WIDTH; c += step) {
    let v = r * (dy[base + c] * w[c] - Vec(means.x) - (x[base + c] - Vec(m)) * r * means.y);
    if (ACCUMULATE == 1u) { dx[base + c] += v; } else { dx[base + c] = v; }
  }
}

@compute @workgroup_size(WG)
fn forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let base = row * (p.cols / WIDTH);
  let m = workgroup_sum(lane, vec2f(sum_x(base, lane, WG), 0.0)).x / f32(p.cols);
  let r = reciprocal_deviation(workgroup_sum(lane, vec2f(sum_squares(base, lane, WG, m), 0.0)).x);
  if (lane == 0u) {
    mean[row] = m;
    rstd[row] = r;
  }
  write_y(base, lane, WG, m, r);
}

@compute @workgroup_size(WG)
fn backward_dx(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let base = row * (p.cols / WIDTH);
  let m = mean_saved[row];
  let r = rstd_saved[row];
  write_dx(base, lane, WG, m, r, workgroup_sum(lane, gradient_sums(base, lane, WG, m, r)));
}
