// The k largest logits of each row in descending order, ties by lower index, and the row's log-sum-exp.
//   values[s,:], indices[s,:] = top k of logits[s,:]        lse[s] = log(sum_v exp(logits[s,v]))
// Shapes: logits [S, V] row-major; values, indices [S, k]; lse [S]. Infinite or NaN logits are never chosen;
// positive infinity or NaN makes lse NaN (decided on bits, because exp may not propagate NaN).
// Joined with sorted_lists.wgsl or, for software adapters, with files of software/. Reference: top_k.ref.ts.
const LOWEST = -3.4028234e38;
const NONE = 0xffffffffu;

struct Params { rows: u32, vocab: u32, k: u32, lists: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

struct Candidate { value: f32, index: u32 }

// +infinity and NaN of either sign; -infinity is a masked token and adds nothing.
fn is_bad(x: f32) -> bool { return !is_finite(x) && bitcast<u32>(x) != 0xff800000u; }

fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }

// NaN is made from a value of run time, since a constant expression may not be NaN.
fn row_lse(largest: f32, sum: f32, bad: u32) -> f32 {
  if (bad != 0u) { return bitcast<f32>(bad | 0x7fc00000u); }
  return largest + log(sum);
}

fn precedes(a: Candidate, b: Candidate) -> bool { return a.value > b.value || (a.value == b.value && a.index < b.index); }
