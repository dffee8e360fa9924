// The k largest logits of each row in descending order, ties by lower index, and the row's log-sum-exp.
//   values[s,:], indices[s,:] = top k of logits[s,:]        lse[s] = log(sum_v exp(logits[s,v]))
// Shapes: logits [S, V] row-major; values, indices [S, k]; lse [S]. Infinite or NaN logits are never chosen;
// positive infinity or NaN makes lse NaN (decided on bits: exp may swallow NaN).
// One workgroup per row. Lane j first finds the best of the values at j, j + WG, ...; then k times the best of the lanes'
// bests is taken and the winner's share is searched by all lanes for its next best, so that a row is read once and each
// further place costs V / WG reads. Reference: top_k.ref.ts.
override WG: u32 = 256;

const LOWEST = -3.4028234e38;
const NONE = 0xffffffffu;

struct Params { rows: u32, vocab: u32, k: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

struct Candidate { value: f32, index: u32 }

// Best of each lane's share that is not yet taken.
var<workgroup> best: array<Candidate, WG>;
var<workgroup> scratch: array<Candidate, WG>;
var<workgroup> lane_sum: array<f32, WG>;
var<workgroup> lane_bad: array<u32, WG>;

// +infinity and NaN of either sign; -infinity is a masked token and adds nothing.
fn is_bad(x: f32) -> bool { return !is_finite(x) && bitcast<u32>(x) != 0xff800000u; }

fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }

// NaN is made from a value of run time, since a constant expression may not be NaN.
fn row_lse(largest: f32, sum: f32, bad: u32) -> f32 {
  if (bad != 0u) { return bitcast<f32>(bad | 0x7fc00000u); }
  return largest + log(sum);
}

fn precedes(a: Candidate, b: Candidate) -> bool { return a.value > b.value || (a.value == b.value && a.index < b.index); }

// The first of all lanes' candidates in scratch; the uniform load ends with a barrier, so scratch is free again.
fn first_of_scratch(lane: u32) -> Candidate {
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half >>= 1u) {
    if (lane < half && precedes(scratch[lane + half], scratch[lane])) { scratch[lane] = scratch[lane + half]; }
    workgroupBarrier();
  }
  return workgroupUniformLoad(&scratch[0]);
}

@compute @workgroup_size(WG)
fn rows_workgroup(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let base = row * p.vocab;
  var mine = Candidate(LOWEST, NONE);
  for (var v = lane; v < p.vocab; v += WG) {
    let candidate = Candidate(logits[base + v], v);
    if (is_finite(candidate.value) && precedes(candidate, mine)) { mine = candidate; }
  }
  best[lane] = mine;
  scratch[lane] = mine;
  var taken = first_of_scratch(lane);

  let largest = taken.value;
  var sum = 0.0;
  var bad = 0u;
  for (var v = lane; v < p.vocab; v += WG) {
    let l = logits[base + v];
    bad |= u32(is_bad(l));
    if (is_finite(l)) { sum += exp(l - largest); }
  }
  lane_sum[lane] = sum;
  lane_bad[lane] = bad;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half >>= 1u) {
    if (lane < half) {
      lane_sum[lane] += lane_sum[lane + half];
      lane_bad[lane] |= lane_bad[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0u) { lse[row] = row_lse(largest, lane_sum[0], lane_bad[0]); }

  for (var place = 0u; place < p.k; place += 1u) {
    if (lane == 0u) {
      values[row * p.k + place] = taken.value;
      indices[row * p.k + place] = taken.index;
    }
    let winner = taken.index % WG;
    var next = Candidate(LOWEST, NONE);
    for (var v = winner + lane * WG; v < p.vocab; v += WG * WG) {
      let candidate = Candidate(logits[base + v], v);
      if (is_finite(candidate.value) && precedes(taken, candidate) && precedes(candidate, next)) { next = candidate; }
    }
    scratch[lane] = next;
    let successor = first_of_scratch(lane);
    if (lane == winner) { best[lane] = successor; }
    scratch[lane] = best[lane];
    taken = first_of_scratch(lane);
  }
}
