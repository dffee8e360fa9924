// Attention of one new token over the key-value cache, split along the past so that short rows fill a GPU. It also rotates the
// query and the new key (kernels/rotary), and writes key and value to the cache (kernels/kv_write).
//   parts[s,h,:] = sum_t w[t] cache_v[slot,t,g],  w[t] = exp(score[t] - largest)      over the positions t of the s-th part
//   state[s,h] = (largest, sum_t w[t], parts in use, 0)                           g = h / (H / K)
// with score[t] = cap(scale * q[h].cache_k[slot,t,g]) over t <= position, position - t < window when window > 0. The reader of the
// parts adds them up in order (kernels/row_product/input_parts.wgsl). A token of slot 0xffffffff is padding and gives zeros.
// qkv: the token's H queries, K keys and K values, D floats each; cache_k, cache_v [slots, maxPositions, K, D]; D a multiple of 16.
// A workgroup takes up to four heads that share a head of the cache, and an eighth of the past in blocks of 128 positions. The
// positions of a part depend only on the token's position. Two lanes share a score, each with every other quad of the head; then
// lanes share the head's quads and the block's positions. The new key and value are read from qkv, because other workgroups
// write them. Joined with _lib/tanh.wgsl. Sources: Dao et al. 2023, "Flash-Decoding"; Milakov & Gimelshein 2018,
// arXiv:1805.02867. Reference: split_attention.ref.ts.
override CAPPED: u32 = 1;

struct Params { heads: u32, kv_heads: u32, head_vecs: u32, half_dim: u32, max_positions: u32, scale: f32, window: u32, soft_cap: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
@group(0) @binding(2) var<storage, read> cos_table: array<f32>;
@group(0) @binding(3) var<storage, read> sin_table: array<f32>;
@group(0) @binding(4) var<storage, read> slots: array<u32>;
@group(0) @binding(5) var<storage, read> positions: array<u32>;
@group(0) @binding(6) var<storage, read_write> cache_k: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> cache_v: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> parts: array<vec4f>;

const WG = 256u;
const BLOCK = 128u;
const PARTS = 8u;
const MASKED: f32 = -3.4e38;
const NO_SLOT: u32 = 0xffffffffu;

/** By dimension of the head, one component for each of the four heads. */
var<workgroup> queries: array<vec4f, 256>;
var<workgroup> new_key: array<f32, 256>;
var<workgroup> new_value: array<f32, 256>;
var<workgroup> scratch: array<vec4f, WG>;
var<workgroup> weights: array<vec4f, BLOCK>;

fn rotated(head: u32, d: u32, position: u32) -> f32 {
  let at = head * p.head_vecs * 4u + d;
  let value = qkv[at];
  if (d >= 2u * p.half_dim) { return value; }
  let angle = position * p.half_dim + d % p.half_dim;
  if (d < p.half_dim) { return value * cos_table[angle] - qkv[at + p.half_dim] * sin_table[angle]; }
  return value * cos_table[angle] + qkv[at - p.half_dim] * sin_table[angle];
}

fn quad_of(at: u32, is_key: bool) -> vec4f {
  if (is_key) { return vec4f(new_key[at], new_key[at + 1u], new_key[at + 2u], new_key[at + 3u]); }
  return vec4f(new_value[at], new_value[at + 1u], new_value[at + 2u], new_value[at + 3u]);
}

fn capped(products: vec4f) -> vec4f {
  let s = products * p.scale;
  if (CAPPED == 0u) { return s; }
  let x = s / p.soft_cap;
  return p.soft_cap * vec4f(safe_tanh(x.x), safe_tanh(x.y), safe_tanh(x.z), safe_tanh(x.w));
}

/** The sum of scratch over its first 2 * `from` elements, in every lane. */
fn sum_of_scratch(lane: u32, from_half: u32) -> vec4f {
  workgroupBarrier();
  for (var half = from_half; half > 0u; half >>= 1u) {
    if (lane < half) { scratch[lane] += scratch[lane + half]; }
    workgroupBarrier();
  }
  let sum = scratch[0];
  workgroupBarrier();
  return sum;
}

/** Writes one head's sum over the lanes that shared the positions. */
fn write_head(lane: u32, shares: u32, sum: vec4f, to: u32, is_head: bool) {
  scratch[lane] = sum;
  workgroupBarrier();
  if (lane < p.head_vecs && is_head) {
    var total = vec4f();
    for (var share = 0u; share < shares; share++) { total += scratch[share * p.head_vecs + lane]; }
    parts[to + lane] = total;
  }
  workgroupBarrier();
}

@compute @workgroup_size(WG)
fn attend_parts(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * grid.x + wg.x;
  let group = p.heads / p.kv_heads;
  let fours = (group + 3u) / 4u;
  let part = index % PARTS;
  let kv_head = index / PARTS / fours;
  if (kv_head >= p.kv_heads) { return; }
  let in_group = index / PARTS % fours * 4u;
  let first_head = kv_head * group + in_group;
  let heads = min(4u, group - in_group);

  let slot = slots[0];
  let position = positions[0];
  let end = select(min(position + 1u, p.max_positions), 0u, slot == NO_SLOT);
  let begin = select(0u, end - p.window, p.window > 0u && end > p.window);
  let length = (max(end, 1u) + PARTS * BLOCK - 1u) / (PARTS * BLOCK) * BLOCK;
  let first = part * length;
  let last = min(first + length, end);

  let dims = p.head_vecs * 4u;
  if (lane < dims) {
    var query = vec4f();
    query.x = rotated(first_head, lane, position);
    if (heads > 1u) { query.y = rotated(first_head + 1u, lane, position); }
    if (heads > 2u) { query.z = rotated(first_head + 2u, lane, position); }
    if (heads > 3u) { query.w = rotated(first_head + 3u, lane, position); }
    queries[lane] = query;
    new_key[lane] = rotated(p.heads + kv_head, lane, position);
    new_value[lane] = qkv[(p.heads + p.kv_heads + kv_head) * dims + lane];
  }
  workgroupBarrier();
  // Where a position's quads of this head lie in the caches: row_at + position * row_step.
  let row_step = p.kv_heads * p.head_vecs;
  let row_at = slot * p.max_positions * row_step + kv_head * p.head_vecs;
  if (in_group == 0u && position >= first && position < last && lane < p.head_vecs) {
    cache_k[row_at + position * row_step + lane] = quad_of(lane * 4u, true);
    cache_v[row_at + position * row_step + lane] = quad_of(lane * 4u, false);
  }

  // Lanes of the sum over values: each has one quad of the head, and every `shares`-th position.
  let shares = WG / p.head_vecs;
  let share = lane / p.head_vecs;
  let quad = lane % p.head_vecs;
  var a = vec4f();
  var b = vec4f();
  var c = vec4f();
  var d = vec4f();
  var largest = vec4f(MASKED);
  var lane_sum = vec4f();
  for (var start = first; start < last; start += BLOCK) {
    if (start + BLOCK <= begin) { continue; }
    let scored = start + lane / 2u;
    var score = vec4f();
    if (scored < last) {
      for (var v = lane % 2u; v < p.head_vecs; v += 2u) {
        var key = cache_k[row_at + scored * row_step + v];
        if (scored == position) { key = quad_of(v * 4u, true); }
        score = fma(vec4f(key.x), queries[v * 4u], score);
        score = fma(vec4f(key.y), queries[v * 4u + 1u], score);
        score = fma(vec4f(key.z), queries[v * 4u + 2u], score);
        score = fma(vec4f(key.w), queries[v * 4u + 3u], score);
      }
    }
    scratch[lane] = score;
    workgroupBarrier();
    let at = start + lane;
    let is_seen = lane < BLOCK && at >= begin && at < last;
    var whole = vec4f(MASKED);
    if (is_seen) { whole = capped(scratch[lane * 2u] + scratch[lane * 2u + 1u]); }
    workgroupBarrier();
    scratch[lane] = whole;
    workgroupBarrier();
    for (var half = BLOCK / 2u; half > 0u; half >>= 1u) {
      if (lane < half) { scratch[lane] = max(scratch[lane], scratch[lane + half]); }
      workgroupBarrier();
    }
    let next = max(largest, scratch[0]);
    let keep = exp(largest - next);
    largest = next;
    // Where nothing was seen the largest is MASKED too, and exp(0) is 1.
    let weight = select(vec4f(), exp(whole - next), is_seen);
    if (lane < BLOCK) { weights[lane] = weight; }
    lane_sum = lane_sum * keep + weight;
    workgroupBarrier();
    a *= keep.x;
    b *= keep.y;
    c *= keep.z;
    d *= keep.w;
    if (share < shares) {
      // Four positions at a time, whose loads do not wait for each other; past the last one a weight is zero.
      let count = min(BLOCK, last - start);
      let from_quad = row_at + start * row_step + quad;
      for (var t = share; t < count; t += 4u * shares) {
        let ts = min(vec4u(t) + shares * vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u));
        let is_there = t + shares * vec4u(0u, 1u, 2u, 3u) < vec4u(count);
        var value = mat4x4f(
          cache_v[from_quad + ts.x * row_step],
          cache_v[from_quad + ts.y * row_step],
          cache_v[from_quad + ts.z * row_step],
          cache_v[from_quad + ts.w * row_step],
        );
        let newest = quad_of(quad * 4u, false);
        if (start + ts.x == position) { value[0] = newest; }
        if (start + ts.y == position) { value[1] = newest; }
        if (start + ts.z == position) { value[2] = newest; }
        if (start + ts.w == position) { value[3] = newest; }
        let w = transpose(mat4x4f(
          weights[ts.x],
          select(vec4f(), weights[ts.y], is_there.y),
          select(vec4f(), weights[ts.z], is_there.z),
          select(vec4f(), weights[ts.w], is_there.w),
        ));
        a += value * w[0];
        b += value * w[1];
        c += value * w[2];
        d += value * w[3];
      }
    }
    workgroupBarrier();
  }
  scratch[lane] = lane_sum;
  let sum = sum_of_scratch(lane, WG / 2u);
  let record = p.head_vecs + 1u;
  let to = (part * p.heads + first_head) * record;
  write_head(lane, shares, a, to, true);
  write_head(lane, shares, b, to + record, heads > 1u);
  write_head(lane, shares, c, to + 2u * record, heads > 2u);
  write_head(lane, shares, d, to + 3u * record, heads > 3u);
  let in_use = f32((max(end, 1u) + length - 1u) / length);
  if (lane < heads) { parts[to + lane * record + p.head_vecs] = vec4f(largest[lane], sum[lane], in_use, 0.0); }
}
