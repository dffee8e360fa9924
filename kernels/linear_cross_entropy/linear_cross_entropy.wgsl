// Cross entropy of a chunk of logit rows, with the gradient in place.
//   z[i,v]      = cap * tanh(scale * l[i,v] / cap)     without a cap: scale * l[i,v]
//   nll[f+i]    = logsumexp_v(z[i,v]) - z[i, label]     f = first_row
//   l[i,v]     := (softmax(z[i,:])[v] - [v == label]) * dz/dl        only when GRADIENT is 1
// Shapes: logits l [chunk_rows, V] row-major; labels, nll [labelled rows]; step[2] = labelled rows. A row past them keeps
// its nll, and its logits become 0 so that the product with the head that follows stays finite.
// rows_workgroup: one workgroup per row. rows_serial: one invocation per row, no workgroup memory, no barrier.
// A row with a logit that is not finite (by its bits: exp may swallow NaN) gets NaN as its loss and as its whole gradient.
// Sums run in short blocks: compensated sums do not survive compilers that reassociate.
// Sources: Milakov & Gimelshein 2018, arXiv:1805.02867 (online normaliser); soft cap: arXiv:2408.00118, section 2.
// Reference: linear_cross_entropy.ref.ts.
override WG: u32 = 256;
override GRADIENT: u32 = 0;
// 0 leaves the cap's code out: software adapters compute both sides of a branch.
override CAPPED: u32 = 1;

const LOWEST = -3.4028234e38;
const BLOCK = 256u;

struct Params { chunk_rows: u32, vocab: u32, first_row: u32, logit_scale: f32, soft_cap: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> nll: array<f32>;

var<workgroup> lane_max: array<f32, WG>;
var<workgroup> lane_sum: array<f32, WG>;
var<workgroup> lane_bad: array<u32, WG>;

fn is_bad(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }

// NaN; made from a value of run time, since a constant expression may not be NaN.
fn poison(bad: u32) -> f32 { return bitcast<f32>(bad | 0x7fc00000u); }

// exp(-2|x|) with |x| clamped where tanh has long been 1; tanh itself is specified too loosely to scale by a cap.
fn decay(x: f32) -> f32 { return exp(-2.0 * min(abs(x), 15.0)); }

fn capped(l: f32) -> f32 {
  let scaled = l * p.logit_scale;
  if (CAPPED == 0u) { return scaled; }
  let e = decay(scaled / p.soft_cap);
  return sign(scaled) * p.soft_cap * (1.0 - e) / (1.0 + e);
}

// dz/dl = scale * (1 - tanh^2), without the cancellation.
fn capped_slope(l: f32) -> f32 {
  if (CAPPED == 0u) { return p.logit_scale; }
  let e = decay(l * p.logit_scale / p.soft_cap);
  return p.logit_scale * 4.0 * e / ((1.0 + e) * (1.0 + e));
}

fn loss_at(l: f32, row_max: f32, row_sum: f32, bad: u32) -> f32 {
  if (bad != 0u) { return poison(bad); }
  return (row_max - capped(l)) + log(row_sum);
}

fn gradient_at(l: f32, is_label: bool, row_max: f32, row_sum: f32, bad: u32) -> f32 {
  if (bad != 0u) { return poison(bad); }
  let probability = exp(capped(l) - row_max) / row_sum;
  return (probability - select(0.0, 1.0, is_label)) * capped_slope(l);
}

@compute @workgroup_size(WG)
fn rows_workgroup(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.chunk_rows) { return; }
  let base = row * p.vocab;
  let target_row = p.first_row + row;
  if (target_row >= step[2]) {
    if (GRADIENT == 1u) { for (var v = lane; v < p.vocab; v += WG) { logits[base + v] = 0.0; } }
    return;
  }
  var largest = LOWEST;
  var sum = 0.0;
  var lane_is_bad = 0u;
  for (var v = lane; v < p.vocab; v += WG) {
    let l = logits[base + v];
    lane_is_bad |= u32(is_bad(l));
    let z = capped(l);
    if (z > largest) {
      sum *= exp(largest - z);
      largest = z;
    }
    sum += exp(z - largest);
  }
  lane_max[lane] = largest;
  lane_sum[lane] = sum;
  lane_bad[lane] = lane_is_bad;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half >>= 1u) {
    if (lane < half) {
      let a = lane_max[lane];
      let b = lane_max[lane + half];
      let both = max(a, b);
      lane_sum[lane] = lane_sum[lane] * exp(a - both) + lane_sum[lane + half] * exp(b - both);
      lane_max[lane] = both;
      lane_bad[lane] |= lane_bad[lane + half];
    }
    workgroupBarrier();
  }
  let row_max = lane_max[0];
  let row_sum = lane_sum[0];
  let bad = lane_bad[0];
  let label = labels[target_row];
  if (lane == 0u) { nll[target_row] = loss_at(logits[base + label], row_max, row_sum, bad); }
  if (GRADIENT == 1u) {
    // Lane 0 must have read the label's logit before another lane replaces it.
    storageBarrier();
    for (var v = lane; v < p.vocab; v += WG) { logits[base + v] = gradient_at(logits[base + v], v == label, row_max, row_sum, bad); }
  }
}

@compute @workgroup_size(WG)
fn rows_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (wg.y * grid.x + wg.x) * WG + lane;
  if (row >= p.chunk_rows) { return; }
  let base = row * p.vocab;
  let target_row = p.first_row + row;
  if (target_row >= step[2]) {
    if (GRADIENT == 1u) { for (var v = 0u; v < p.vocab; v += 1u) { logits[base + v] = 0.0; } }
    return;
  }
  var row_max = LOWEST;
  var row_sum = 0.0;
  var bad = 0u;
  for (var first = 0u; first < p.vocab; first += BLOCK) {
    let end = min(first + BLOCK, p.vocab);
    var largest = row_max;
    for (var v = first; v < end; v += 1u) {
      let l = logits[base + v];
      bad |= u32(is_bad(l));
      largest = max(largest, capped(l));
    }
    var sum = 0.0;
    for (var v = first; v < end; v += 1u) { sum += exp(capped(logits[base + v]) - largest); }
    row_sum = row_sum * exp(row_max - largest) + sum;
    row_max = largest;
  }
  let label = labels[target_row];
  nll[target_row] = loss_at(logits[base + label], row_max, row_sum, bad);
  if (GRADIENT == 1u) {
    for (var v = 0u; v < p.vocab; v += 1u) { logits[base + v] = gradient_at(logits[base + v], v == label, row_max, row_sum, bad); }
  }
}
