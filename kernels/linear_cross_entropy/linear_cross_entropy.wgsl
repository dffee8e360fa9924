// Cross entropy of a chunk of logit rows, with the gradient in place.
//   z[i,v]      = cap * tanh(scale * l[i,v] / cap)     without a cap: scale * l[i,v]
//   nll[f+i]    = logsumexp_v(z[i,v]) - z[i, label]     f = first_row
//   l[i,v]     := (softmax(z[i,:])[v] - [v == label]) * dz/dl        only when GRADIENT is 1
// Shapes: logits l [chunk_rows, V] row-major; labels, nll [labelled rows]; step[2] = labelled rows. A row past them keeps
// its nll, and its logits become 0 so that the product with the head that follows stays finite.
// rows_workgroup: one workgroup per row.
// slice: one workgroup per row of logits [chunk_rows, V'], V' columns of V from first_column on, slice after slice. `state`
// keeps each row's maximum and sum so far. With largest and sum after this slice, and largest' before it:
//   l[i,v]  := exp(z[i,v] - largest) * dz/dl     the gradient times the sum, without the label's share; finish.wgsl applies both
//   keep[i]  = exp(largest' - largest)           the factor for the products of earlier slices
// and nll after the last slice. Rows past the labelled ones are left alone.
// A row with a logit that is not finite (by its bits: exp may swallow NaN) gets NaN as its loss and as its whole gradient.
// Both read each logit once for the row's maximum and sum, four Vecs at a time, and again for the gradient; the sum is
// rescaled when the maximum moves. Each lane of a Vec has its own sum, in short blocks: compensated sums do not survive
// compilers that reassociate. Joined with _lib/vector_*.wgsl.
// Sources: Milakov & Gimelshein 2018, arXiv:1805.02867 (online normaliser); soft cap: arXiv:2408.00118, section 2.
// Reference: linear_cross_entropy.ref.ts.
override WG: u32 = 256;
override GRADIENT: u32 = 0;
// 0 leaves the cap's code out: software adapters compute both sides of a branch.
override CAPPED: u32 = 1;

const LOWEST = -3.4028234e38;
const EXPONENT = 0x7f800000u;

struct Params {
  chunk_rows: u32, vocab: u32, first_row: u32, logit_scale: f32, soft_cap: f32,
  first_column: u32, is_first: u32, is_last: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> logits: array<Vec>;
@group(0) @binding(4) var<storage, read_write> nll: array<f32>;
@group(0) @binding(5) var<storage, read_write> state: array<State>;
@group(0) @binding(6) var<storage, read_write> keep: array<f32>;

/** What slices so far gave of a row; label_z and label_slope once the label's slice was seen. */
struct State { largest: f32, sum: f32, label_z: f32, label_slope: f32, bad: u32 }

var<workgroup> lane_rows: array<Row, WG>;

// NaN; made from a value of run time, since a constant expression may not be NaN.
fn poison(bad: u32) -> f32 { return bitcast<f32>(bad | 0x7fc00000u); }

// exp(-2|x|) with |x| clamped where tanh has long been 1; tanh itself is specified too loosely to scale by a cap.
fn decay(x: Vec) -> Vec { return exp(-2.0 * min(abs(x), Vec(15.0))); }

fn capped(l: Vec) -> Vec {
  let scaled = l * p.logit_scale;
  if (CAPPED == 0u) { return scaled; }
  let e = decay(scaled / p.soft_cap);
  return sign(scaled) * p.soft_cap * (1.0 - e) / (1.0 + e);
}

// dz/dl = scale * (1 - tanh^2), without the cancellation.
fn capped_slope(l: Vec) -> Vec {
  if (CAPPED == 0u) { return Vec(p.logit_scale); }
  let e = decay(l * p.logit_scale / p.soft_cap);
  return p.logit_scale * 4.0 * e / ((1.0 + e) * (1.0 + e));
}

/** Of logits so far, apart for each lane of a Vec: the largest z, the sum of exp(z - largest), the largest exponent bits. */
struct Online { largest: Vec, sum: Vec, exponent: VecU }

/** Logits of one Vec, and z of them: the lowest behind the row's end. */
struct Loaded { l: Vec, z: Vec }

fn load(base: u32, v: u32, vecs: u32) -> Loaded {
  let l = logits[base + min(v, vecs - 1u)];
  return Loaded(l, select(Vec(LOWEST), capped(l), v < vecs));
}

fn exponent_of(l: Vec) -> VecU { return bitcast<VecU>(l) & VecU(EXPONENT); }

/** Takes up four Vecs of a row that begins at `base`, `apart` from each other. */
fn absorb(so_far: Online, base: u32, v: u32, apart: u32, vecs: u32) -> Online {
  let a = load(base, v, vecs);
  let b = load(base, v + apart, vecs);
  let c = load(base, v + 2u * apart, vecs);
  let d = load(base, v + 3u * apart, vecs);
  let largest = max(so_far.largest, max(max(a.z, b.z), max(c.z, d.z)));
  let sum = (exp(a.z - largest) + exp(b.z - largest)) + (exp(c.z - largest) + exp(d.z - largest));
  let exponent = max(max(exponent_of(a.l), exponent_of(b.l)), max(exponent_of(c.l), exponent_of(d.l)));
  return Online(largest, so_far.sum * exp(so_far.largest - largest) + sum, max(so_far.exponent, exponent));
}

/** What the loss and the gradient of a row need. `bad` is not 0 where a logit is not finite. */
struct Row { largest: f32, sum: f32, bad: u32 }

fn both(a: Row, b: Row) -> Row {
  let largest = max(a.largest, b.largest);
  return Row(largest, a.sum * exp(a.largest - largest) + b.sum * exp(b.largest - largest), a.bad | b.bad);
}

fn row_of(all: Online) -> Row {
  let largest = vec_largest(all.largest);
  let bad = vec_sum(select(Vec(0.0), Vec(1.0), all.exponent == VecU(EXPONENT)));
  return Row(largest, vec_sum(all.sum * exp(all.largest - largest)), u32(bad));
}

/** The value at `column` of the Vec that has it, 0 elsewhere. */
fn only(values: Vec, column: u32) -> f32 { return vec_sum(select(Vec(0.0), values, vec_elements(column / WIDTH) == VecU(column))); }

fn loss_of(row: Row, label_z: f32) -> f32 {
  if (row.bad != 0u) { return poison(row.bad); }
  return (row.largest - label_z) + log(row.sum);
}

fn gradient_at(row: Row, base: u32, v: u32, label: u32) -> Vec {
  let l = logits[base + v];
  let probability = exp(capped(l) - row.largest) * (1.0 / row.sum);
  let gradient = (probability - select(Vec(0.0), Vec(1.0), vec_elements(v) == VecU(label))) * capped_slope(l);
  return select(gradient, Vec(poison(row.bad)), row.bad != 0u);
}

/** One row, read by all lanes of a workgroup. */
fn row_of_workgroup(base: u32, lane: u32, vecs: u32) -> Row {
  var seen = Online(Vec(LOWEST), Vec(0.0), VecU(0u));
  for (var v = lane; v < vecs; v += 4u * WG) { seen = absorb(seen, base, v, WG, vecs); }
  lane_rows[lane] = row_of(seen);
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half >>= 1u) {
    if (lane < half) { lane_rows[lane] = both(lane_rows[lane], lane_rows[lane + half]); }
    workgroupBarrier();
  }
  return lane_rows[0];
}

@compute @workgroup_size(WG)
fn rows_workgroup(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.chunk_rows) { return; }
  let vecs = p.vocab / WIDTH;
  let base = row * vecs;
  let target_row = p.first_row + row;
  if (target_row >= step[2]) {
    if (GRADIENT == 1u) { for (var v = lane; v < vecs; v += WG) { logits[base + v] = Vec(0.0); } }
    return;
  }
  let all = row_of_workgroup(base, lane, vecs);
  let label = labels[target_row];
  if (lane == 0u) { nll[target_row] = loss_of(all, only(capped(logits[base + label / WIDTH]), label)); }
  if (GRADIENT == 1u) {
    // Lane 0 must have read the label's logit before another lane replaces it.
    storageBarrier();
    for (var v = lane; v < vecs; v += WG) { logits[base + v] = gradient_at(all, base, v, label); }
  }
}

@compute @workgroup_size(WG)
fn slice(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  let target_row = p.first_row + row;
  if (row >= p.chunk_rows || target_row >= step[2]) { return; }
  let vecs = p.vocab / WIDTH;
  let base = row * vecs;
  var before = State(LOWEST, 0.0, 0.0, 0.0, 0u);
  if (p.is_first == 0u) { before = state[row]; }
  let all = both(Row(before.largest, before.sum, before.bad), row_of_workgroup(base, lane, vecs));
  if (lane == 0u) {
    var after = State(all.largest, all.sum, before.label_z, before.label_slope, all.bad);
    let label = labels[target_row];
    if (label >= p.first_column && label - p.first_column < p.vocab) {
      let column = label - p.first_column;
      let l = logits[base + column / WIDTH];
      after.label_z = only(capped(l), column);
      after.label_slope = only(capped_slope(l), column);
    }
    state[row] = after;
    keep[row] = exp(before.largest - all.largest);
    if (p.is_last == 1u) { nll[target_row] = loss_of(all, after.label_z); }
  }
  // Lane 0 must have read the label's logit before another lane replaces it.
  storageBarrier();
  for (var v = lane; v < vecs; v += WG) {
    let l = logits[base + v];
    logits[base + v] = exp(capped(l) - all.largest) * capped_slope(l);
  }
}
