// Label smoothing of the loss head, after losses and gradients without it (linear_cross_entropy.wgsl, finish.wgsl):
//   nll[i]          += factor * x[rows[i],:] . (W[label[i],:] - mean)
//   dx[rows[i],:]   += factor * (W[label[i],:] - mean)                  factor = epsilon * logit scale
// mean [C] is the mean row of W [V, C], so that x . mean is the mean of a row's logits: the loss becomes
// (1 - epsilon) * nll + epsilon * (logsumexp(z) - mean_v(z[v])), as in torch's cross_entropy(label_smoothing=epsilon).
// It cannot be combined with a soft cap, because capped logits are not linear in W. W is packed and split by rows: a launch
// takes the rows whose label lies in [row_offset, row_offset + part_rows). step[3] = 1 changes nothing: held-out losses are not
// smoothed. losses: one invocation per labelled row. gradients: one per quad of columns. Joined with a weight reader. Source:
// Szegedy et al. 2016, arXiv:1512.00567, section 7. Reference: linear_cross_entropy.ref.ts.
struct Params {
  rows: u32, cols: u32, row_offset: u32, part_rows: u32, factor: f32, code_words: u32, scale_words: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> labels: array<u32>;
@group(0) @binding(6) var<storage, read> mean: array<f32>;
@group(0) @binding(7) var<storage, read> x: array<f32>;
@group(0) @binding(8) var<storage, read_write> dx: array<f32>;
@group(0) @binding(9) var<storage, read_write> nll: array<f32>;

// Whether a launch has something to do for a labelled row.
fn is_mine(i: u32) -> bool {
  if (i >= min(p.rows, step[2]) || step[3] == 1u) { return false; }
  return labels[i] >= p.row_offset && labels[i] - p.row_offset < p.part_rows;
}

// Columns c to c + 3 of W[label] - mean; 0 past the last.
fn towards_label(label: u32, c: u32) -> vec4f {
  var d = weight_quad(label - p.row_offset, c, group_scale(label - p.row_offset, c));
  for (var j = 0u; j < 4u; j++) { d[j] = select(0.0, d[j] - mean[min(c + j, p.cols - 1u)], c + j < p.cols); }
  return d;
}

@compute @workgroup_size(64)
fn losses(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * grid.x + wg.x) * 64u + lane;
  if (!is_mine(i)) { return; }
  let base = rows[i] * p.cols;
  var sum = vec4f(0.0);
  for (var c = 0u; c < p.cols; c += 4u) {
    let d = towards_label(labels[i], c);
    for (var j = 0u; j < min(4u, p.cols - c); j++) { sum[j] += x[base + c + j] * d[j]; }
  }
  nll[i] += p.factor * ((sum.x + sum.y) + (sum.z + sum.w));
}

@compute @workgroup_size(64)
fn gradients(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quads = (p.cols + 3u) / 4u;
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let i = index / quads;
  if (!is_mine(i)) { return; }
  let c = (index % quads) * 4u;
  let d = p.factor * towards_label(labels[i], c);
  for (var j = 0u; j < min(4u, p.cols - c); j++) { dx[rows[i] * p.cols + c + j] += d[j]; }
}
