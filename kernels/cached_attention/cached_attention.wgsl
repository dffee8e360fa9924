// Attention of new tokens over the key-value cache, for prefill and decode.
//   o[n,h] = sum_t softmax_t(cap(scale * q[n,h].cache_k[slot,t,g])) cache_v[slot,t,g]     g = h / (H / K)
// over positions t <= positions[n] of slot slots[n], and positions[n] - t < window when window > 0;
// cap(s) = soft_cap * tanh(s / soft_cap) when soft_cap > 0. Rows of slot 0xffffffff are padding and become zero.
// q, o [N, H, D]; cache_k, cache_v [slots, maxPositions, K, D]; slots, positions [N].
// A workgroup takes a row and a head; each lane computes the scores of one block of 4 positions, 4 * WG positions at a time,
// and then the Vecs of the head, summing over the blocks in order.
// Blocks begin at fixed positions, with a running maximum and sum, so that a row's bits depend only on the row.
// Joined with _lib/vector_*.wgsl and _lib/tanh.wgsl. Source: Milakov & Gimelshein 2018, arXiv:1805.02867. Reference:
// cached_attention.ref.ts.
override WG: u32 = 64;
// 0 leaves the cap's code out: software adapters compute both sides of a branch.
override CAPPED: u32 = 1;

struct Params { rows: u32, heads: u32, kv_heads: u32, head_vecs: u32, max_positions: u32, scale: f32, window: u32, soft_cap: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> cache_k: array<Vec>;
@group(0) @binding(3) var<storage, read> cache_v: array<Vec>;
@group(0) @binding(4) var<storage, read> slots: array<u32>;
@group(0) @binding(5) var<storage, read> positions: array<u32>;
@group(0) @binding(6) var<storage, read_write> o: array<Vec>;

const MASKED: f32 = -3.4e38;
const NO_SLOT: u32 = 0xffffffffu;
const STEPS: vec4u = vec4u(0u, 1u, 2u, 3u);

var<workgroup> weights: array<vec4f, WG>;
var<workgroup> partials: array<f32, WG>;

// First and one past the last position that a row sees; equal for padding.
fn reach_of(row: u32) -> vec2u {
  if (slots[row] == NO_SLOT) { return vec2u(0u); }
  let end = min(positions[row] + 1u, p.max_positions);
  return vec2u(select(0u, end - p.window, p.window > 0u && end > p.window), end);
}

fn capped(products: vec4f) -> vec4f {
  let s = products * p.scale;
  if (CAPPED == 0u) { return s; }
  let x = s / p.soft_cap;
  return p.soft_cap * vec4f(safe_tanh(x.x), safe_tanh(x.y), safe_tanh(x.z), safe_tanh(x.w));
}

// Where the four positions of a block lie in the caches; positions past the end repeat the last one.
fn cache_at(row: u32, kv_head: u32, block: u32) -> vec4u {
  let position = min(vec4u(block) + STEPS, vec4u(p.max_positions - 1u));
  return ((vec4u(slots[row] * p.max_positions) + position) * p.kv_heads + vec4u(kv_head)) * p.head_vecs;
}

fn scores(q_at: u32, at: vec4u) -> vec4f {
  var s = vec4f(0.0);
  for (var d = 0u; d < p.head_vecs; d += 1u) {
    let a = q[q_at + d];
    s += vec4f(vec_dot(a, cache_k[at.x + d]), vec_dot(a, cache_k[at.y + d]), vec_dot(a, cache_k[at.z + d]), vec_dot(a, cache_k[at.w + d]));
  }
  return capped(s);
}

fn sees(reach: vec2u, block: u32) -> vec4<bool> {
  let position = vec4u(block) + STEPS;
  return (position >= vec4u(reach.x)) & (position < vec4u(reach.y));
}

fn weighted(w: vec4f, at: vec4u) -> Vec {
  return w.x * cache_v[at.x] + w.y * cache_v[at.y] + w.z * cache_v[at.z] + w.w * cache_v[at.w];
}

fn largest(s: vec4f) -> f32 { return max(max(s.x, s.y), max(s.z, s.w)); }
fn sum4(s: vec4f) -> f32 { return (s.x + s.y) + (s.z + s.w); }

@compute @workgroup_size(WG)
fn attend(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * grid.x + wg.x;
  if (index >= p.rows * p.heads) { return; }
  let row = index / p.heads;
  let kv_head = index % p.heads / (p.heads / p.kv_heads);
  let reach = reach_of(row);
  var row_max = MASKED;
  var row_sum = 0.0;
  // Lane l sums the Vecs l, l + WG, l + 2 WG, l + 3 WG of the head: enough for D = 256 at width 1.
  var acc = array<Vec, 4>();
  for (var start = reach.x / 4u * 4u; start < reach.y; start += 4u * WG) {
    let block = start + lane * 4u;
    let visible = sees(reach, block);
    var s = vec4f(MASKED);
    if (block < reach.y) { s = select(s, scores(index * p.head_vecs, cache_at(row, kv_head, block)), visible); }
    partials[lane] = largest(s);
    workgroupBarrier();
    var next_max = row_max;
    for (var l = 0u; l < WG; l += 1u) { next_max = max(next_max, partials[l]); }
    workgroupBarrier();
    // The select matters where nothing was seen: the maximum is MASKED too, and exp(0) is 1.
    let weight = select(vec4f(0.0), exp(s - next_max), visible);
    weights[lane] = weight;
    partials[lane] = sum4(weight);
    workgroupBarrier();
    let keep = exp(row_max - next_max);
    row_max = next_max;
    row_sum *= keep;
    for (var l = 0u; l < WG; l += 1u) { row_sum += partials[l]; }
    let blocks = min(WG, (reach.y - start + 3u) / 4u);
    for (var t = 0u; t < 4u; t += 1u) {
      let d = lane + t * WG;
      if (d >= p.head_vecs) { break; }
      var sum = acc[t] * keep;
      for (var l = 0u; l < blocks; l += 1u) { sum += weighted(weights[l], cache_at(row, kv_head, start + l * 4u) + vec4u(d)); }
      acc[t] = sum;
    }
    workgroupBarrier();
  }
  let factor = select(0.0, 1.0 / row_sum, row_sum > 0.0);
  for (var t = 0u; t < 4u; t += 1u) {
    let d = lane + t * WG;
    if (d < p.head_vecs) { o[index * p.head_vecs + d] = acc[t] * factor; }
  }
}
