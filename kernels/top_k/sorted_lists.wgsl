// The `workgroup` entry points, which use the whole GPU: joined with top_k.wgsl. A list is the best 64 of some logits in order,
// then the sum of exp(logit - largest) over all of these logits and whether one of them was +infinity or NaN.
//   sort_chunk  a workgroup turns 1024 logits into a list: it sorts runs of 64 and merges them
//   merge       merges 16 lists into one; `finish` does the same for the last lists and writes the row's results
// Sorting network: Batcher 1968, doi:10.1145/1468075.1468121. Of two runs in order, the 64 first of each place's pair (one run
// read backwards) are the best 64 of both, and sorted by half a dozen more exchanges.
const WG = 256u;
const RUN = 64u;
const RUNS = 16u;
const CHUNK = 1024u;
/** A list's words of two: its candidates, then its sum. */
const LIST = 65u;

@group(0) @binding(5) var<storage, read> lists_in: array<vec2u>;
@group(0) @binding(6) var<storage, read_write> lists: array<vec2u>;

var<workgroup> items: array<Candidate, CHUNK>;
var<workgroup> lane_sum: array<f32, WG>;
var<workgroup> lane_bad: array<u32, WG>;

fn exchange(i: u32, j: u32, is_falling: bool) {
  let a = items[i];
  let b = items[j];
  if (precedes(b, a) == is_falling) {
    items[i] = b;
    items[j] = a;
  }
}

/** The first of the t-th pair of places that lie `stride` apart. */
fn first_of_pair(t: u32, stride: u32) -> u32 { return 2u * t - (t & (stride - 1u)); }

/** Sorts each run of 64 of the chunk. */
fn sort_runs(lane: u32) {
  for (var size = 2u; size <= RUN; size *= 2u) {
    for (var stride = size / 2u; stride > 0u; stride /= 2u) {
      for (var t = lane; t < CHUNK / 2u; t += WG) {
        let i = first_of_pair(t, stride);
        exchange(i, i + stride, size == RUN || (i & size) == 0u);
      }
      workgroupBarrier();
    }
  }
}

/** Merges the sorted runs of the chunk into its first: the best 64 in order. */
fn merge_runs(lane: u32) {
  for (var apart = 1u; apart < RUNS; apart *= 2u) {
    let merged = RUNS / 2u / apart;
    for (var t = lane; t < merged * RUN; t += WG) {
      let first = t / RUN * 2u * apart * RUN;
      let i = first + t % RUN;
      let other = items[first + apart * RUN + RUN - 1u - t % RUN];
      if (precedes(other, items[i])) { items[i] = other; }
    }
    workgroupBarrier();
    for (var stride = RUN / 2u; stride > 0u; stride /= 2u) {
      for (var t = lane; t < merged * RUN / 2u; t += WG) {
        let i = t / (RUN / 2u) * 2u * apart * RUN + first_of_pair(t % (RUN / 2u), stride);
        exchange(i, i + stride, true);
      }
      workgroupBarrier();
    }
  }
}

fn pack(item: Candidate) -> vec2u { return vec2u(bitcast<u32>(item.value), item.index); }

fn write_list(list: u32, lane: u32, sum: f32, bad: u32) {
  if (lane < RUN) { lists[list * LIST + lane] = pack(items[lane]); }
  if (lane == RUN) { lists[list * LIST + RUN] = vec2u(bitcast<u32>(sum), bad); }
}

@compute @workgroup_size(WG)
fn sort_chunk(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let list = wg.y * grid.x + wg.x;
  let row = list / p.lists;
  if (row >= p.rows) { return; }
  let first = list % p.lists * CHUNK;
  var bad = 0u;
  for (var i = lane; i < CHUNK; i += WG) {
    var item = Candidate(LOWEST, NONE);
    if (first + i < p.vocab) {
      let l = logits[row * p.vocab + first + i];
      bad |= u32(is_bad(l));
      if (is_finite(l)) { item = Candidate(l, first + i); }
    }
    items[i] = item;
  }
  workgroupBarrier();
  sort_runs(lane);
  // Before runs are merged, since what is not among the best is overwritten.
  var largest = items[0].value;
  for (var run = 1u; run < RUNS; run++) { largest = max(largest, items[run * RUN].value); }
  var sum = 0.0;
  for (var i = lane; i < CHUNK; i += WG) {
    if (items[i].index != NONE) { sum += exp(items[i].value - largest); }
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
  merge_runs(lane);
  write_list(list, lane, lane_sum[0], lane_bad[0]);
}

/** Loads up to 16 of a row's lists from the `first` on, merges them, and adds up their sums: (sum, 1 if one is bad). */
fn merge_lists(row: u32, first: u32, lane: u32) -> vec2f {
  let count = min(RUNS, p.lists - first);
  for (var i = lane; i < CHUNK; i += WG) {
    var item = Candidate(LOWEST, NONE);
    if (i / RUN < count) {
      let word = lists_in[(row * p.lists + first + i / RUN) * LIST + i % RUN];
      item = Candidate(bitcast<f32>(word.x), word.y);
    }
    items[i] = item;
  }
  workgroupBarrier();
  if (lane < RUNS) { lane_sum[lane] = items[lane * RUN].value; }
  merge_runs(lane);
  let largest = items[0].value;
  var total = vec2f(0.0);
  for (var list = 0u; list < count; list++) {
    let word = lists_in[(row * p.lists + first + list) * LIST + RUN];
    total += vec2f(bitcast<f32>(word.x) * exp(lane_sum[list] - largest), f32(word.y));
  }
  return total;
}

@compute @workgroup_size(WG)
fn merge(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let list = wg.y * grid.x + wg.x;
  let merged = (p.lists + RUNS - 1u) / RUNS;
  if (list / merged >= p.rows) { return; }
  let total = merge_lists(list / merged, list % merged * RUNS, lane);
  write_list(list, lane, total.x, u32(total.y > 0.0));
}

@compute @workgroup_size(WG)
fn finish(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let total = merge_lists(row, 0u, lane);
  if (lane < p.k) {
    values[row * p.k + lane] = items[lane].value;
    indices[row * p.k + lane] = items[lane].index;
  }
  if (lane == 0u) { lse[row] = row_lse(items[0].value, total.x, u32(total.y > 0.0)); }
}
