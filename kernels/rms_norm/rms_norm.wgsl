// Root mean square normalisation over the last axis.
//   forward      y[n,c]  = x[n,c] * rstd[n] * w[c]            rstd[n] = 1 / sqrt(mean_c(x[n,c]^2) + eps)
//   backward_dx  dx[n,c] = rstd * g - x * rstd^3 * mean_c(g * x) (+ dx)    with g[n,c] = dy[n,c] * w[c]
// The weight is frozen, so it has no gradient. Shapes: x, y, dy, dx [N, C] row-major; w [C]; rstd [N].
// One workgroup per row; the grid is folded over two dimensions.
// Joined with _lib/vector_*.wgsl. Source: Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4. Reference: rms_norm.ref.ts.
override WG: u32 = 64;
override ACCUMULATE: u32 = 0;

struct Params { rows: u32, cols: u32, eps: f32, weight_offset: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Vec>;
@group(0) @binding(2) var<storage, read> w: array<Vec>;
@group(0) @binding(3) var<storage, read> dy: array<Vec>;
@group(0) @binding(4) var<storage, read> rstd_saved: array<f32>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<Vec>;
@group(0) @binding(7) var<storage, read_write> dx: array<Vec>;

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

fn weight(c: u32) -> Vec { return w[c] + Vec(p.weight_offset); }

fn squares(base: u32, first: u32, step: u32) -> f32 {
  var sum = Vec(0.0);
  for (var c = first; c < p.cols / WIDTH; c += step) {
    let v = x[base + c];
    sum += v * v;
  }
  return vec_sum(sum);
}

fn reciprocal_rms(sum_sq: f32) -> f32 { return 1.0 / sqrt(sum_sq / f32(p.cols) + p.eps); }

fn write_y(base: u32, first: u32, step: u32, r: f32) {
  for (var c = first; c < p.cols / WIDTH; c += step) { y[base + c] = x[base + c] * r * weight(c); }
}

fn dot_gx(base: u32, first: u32, step: u32) -> f32 {
  var sum = Vec(0.0);
  for (var c = first; c < p.cols / WIDTH; c += step) { sum += dy[base + c] * weight(c) * x[base + c]; }
  return vec_sum(sum);
}

fn write_dx(base: u32, first: u32, step: u32, r: f32, dot_sum: f32) {
  let k = dot_sum * r * r * r / f32(p.cols);
  for (var c = first; c < p.cols / WIDTH; c += step) {
    let v = r * dy[base + c] * weight(c) - k * x[base + c];
    if (ACCUMULATE == 1u) { dx[base + c] += v; } else { dx[base + c] = v; }
  }
}

@compute @workgroup_size(WG)
fn forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let base = row * (p.cols / WIDTH);
  let r = reciprocal_rms(workgroup_sum(lane, squares(base, lane, WG)));
  if (lane == 0u) { rstd[row] = r; }
  write_y(base, lane, WG, r);
}

@compute @workgroup_size(WG)
fn backward_dx(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let base = row * (p.cols / WIDTH);
  write_dx(base, lane, WG, rstd_saved[row], workgroup_sum(lane, dot_gx(base, lane, WG)));
}
