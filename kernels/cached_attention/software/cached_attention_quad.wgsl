enable subgroups;
// Attention over the cache for software adapters with subgroups of four; joined before cached_attention.wgsl.
//   attend_quads  a quad takes a row and up to four of the heads that share a head of the cache. The cache goes by in blocks
//                 of 16 positions at fixed offsets. For the scores each invocation has 4 of the positions, and the heads' q
//                 are handed round; for the sums each has every fourth Vec of a head, and the weights are handed round. o
//                 holds the sums between blocks: the first takes nothing from it, the last divides.
// No invocation returns early on its own, as all four must take part in what is handed round.
// Heads of a quad: code for more is left out.
override HEADS: u32 = 4;

const BLOCK: u32 = 16u;

/** Of each of four heads, the weights of four positions. */
struct Weights { a: vec4f, b: vec4f, c: vec4f, d: vec4f }

/** Each head's scores of four positions. */
fn head_scores(q_at: u32, at: vec4u) -> Weights {
  var s = Weights(vec4f(0.0), vec4f(0.0), vec4f(0.0), vec4f(0.0));
  for (var i = 0u; i < p.head_vecs; i += 1u) {
    let keys = Rows(cache_k[at.x + i], cache_k[at.y + i], cache_k[at.z + i], cache_k[at.w + i]);
    let queries = quad_broadcast_rows(q[q_at + i]);
    s.a += dots(queries.a, keys);
    if (HEADS > 1u) { s.b += dots(queries.b, keys); }
    if (HEADS > 2u) { s.c += dots(queries.c, keys); }
    if (HEADS > 3u) { s.d += dots(queries.d, keys); }
  }
  return s;
}

fn masked(s: Weights, visible: vec4<bool>) -> Weights {
  let none = vec4f(MASKED);
  var seen = Weights(select(none, capped(s.a), visible), none, none, none);
  if (HEADS > 1u) { seen.b = select(none, capped(s.b), visible); }
  if (HEADS > 2u) { seen.c = select(none, capped(s.c), visible); }
  if (HEADS > 3u) { seen.d = select(none, capped(s.d), visible); }
  return seen;
}

/** Over all positions of a block, by head. */
fn block_largest(s: Weights) -> vec4f {
  let own = vec4f(largest(s.a), largest(s.b), largest(s.c), largest(s.d));
  let pair = max(own, quadSwapX(own));
  return max(pair, quadSwapY(pair));
}

fn block_sums(w: Weights) -> vec4f {
  let own = vec4f(sum4(w.a), sum4(w.b), sum4(w.c), sum4(w.d));
  let pair = own + quadSwapX(own);
  return pair + quadSwapY(pair);
}

// The selects matter where nothing was seen: the maximum is MASKED too, and exp(0) is 1.
fn weights_of(s: Weights, most: vec4f, visible: vec4<bool>) -> Weights {
  let none = vec4f(0.0);
  var w = Weights(select(none, exp(s.a - most.x), visible), none, none, none);
  if (HEADS > 1u) { w.b = select(none, exp(s.b - most.y), visible); }
  if (HEADS > 2u) { w.c = select(none, exp(s.c - most.z), visible); }
  if (HEADS > 3u) { w.d = select(none, exp(s.d - most.w), visible); }
  return w;
}

/** The weights and positions of one invocation, in all four; which one must be written out for quadBroadcast. */
struct Part { w: Weights, at: vec4u }

fn part_0(w: Weights, at: vec4u) -> Part {
  return Part(Weights(quadBroadcast(w.a, 0u), quadBroadcast(w.b, 0u), quadBroadcast(w.c, 0u), quadBroadcast(w.d, 0u)), quadBroadcast(at, 0u));
}
fn part_1(w: Weights, at: vec4u) -> Part {
  return Part(Weights(quadBroadcast(w.a, 1u), quadBroadcast(w.b, 1u), quadBroadcast(w.c, 1u), quadBroadcast(w.d, 1u)), quadBroadcast(at, 1u));
}
fn part_2(w: Weights, at: vec4u) -> Part {
  return Part(Weights(quadBroadcast(w.a, 2u), quadBroadcast(w.b, 2u), quadBroadcast(w.c, 2u), quadBroadcast(w.d, 2u)), quadBroadcast(at, 2u));
}
fn part_3(w: Weights, at: vec4u) -> Part {
  return Part(Weights(quadBroadcast(w.a, 3u), quadBroadcast(w.b, 3u), quadBroadcast(w.c, 3u), quadBroadcast(w.d, 3u)), quadBroadcast(at, 3u));
}

/** sums plus what a part's four positions add to the i-th Vec of each head. */
fn add_part(sums: Rows, part: Part, i: u32) -> Rows {
  let values = Rows(cache_v[part.at.x + i], cache_v[part.at.y + i], cache_v[part.at.z + i], cache_v[part.at.w + i]);
  var sum = sums;
  sum.a += weighted_rows(part.w.a, values);
  if (HEADS > 1u) { sum.b += weighted_rows(part.w.b, values); }
  if (HEADS > 2u) { sum.c += weighted_rows(part.w.c, values); }
  if (HEADS > 3u) { sum.d += weighted_rows(part.w.d, values); }
  return sum;
}

/** What o holds of the i-th Vec of each head, weighed anew: nothing before the first block. */
fn held(at: u32, keep: vec4f, is_first: bool) -> Rows {
  var sum = Rows(select(o[at] * keep.x, Vec(0.0), is_first), Vec(0.0), Vec(0.0), Vec(0.0));
  if (HEADS > 1u) { sum.b = select(o[at + p.head_vecs] * keep.y, Vec(0.0), is_first); }
  if (HEADS > 2u) { sum.c = select(o[at + 2u * p.head_vecs] * keep.z, Vec(0.0), is_first); }
  if (HEADS > 3u) { sum.d = select(o[at + 3u * p.head_vecs] * keep.w, Vec(0.0), is_first); }
  return sum;
}

fn store(sum: Rows, at: u32, factor: vec4f, count: u32) {
  o[at] = sum.a * factor.x;
  if (HEADS > 1u && count > 1u) { o[at + p.head_vecs] = sum.b * factor.y; }
  if (HEADS > 2u && count > 2u) { o[at + 2u * p.head_vecs] = sum.c * factor.z; }
  if (HEADS > 3u && count > 3u) { o[at + 3u * p.head_vecs] = sum.d * factor.w; }
}

@compute @workgroup_size(4)
fn attend_quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let group = p.heads / p.kv_heads;
  let quads = (group + HEADS - 1u) / HEADS;
  let index = wg.y * grid.x + wg.x;
  if (index >= p.rows * p.kv_heads * quads) { return; }
  let row = index / (p.kv_heads * quads);
  let kv_head = index / quads % p.kv_heads;
  let first = index % quads * HEADS;
  let count = min(HEADS, group - first);
  let o_at = (row * p.heads + kv_head * group + first) * p.head_vecs;
  let reach = reach_of(row);
  let start = reach.x / BLOCK * BLOCK;
  let end = max(reach.y, start + 1u);
  var row_max = vec4f(MASKED);
  var row_sum = vec4f(0.0);
  for (var block = start; block < end; block += BLOCK) {
    let at = cache_at(row, kv_head, block + 4u * member);
    let visible = sees(reach, block + 4u * member);
    let s = masked(head_scores(o_at + min(member, count - 1u) * p.head_vecs, at), visible);
    let next_max = max(row_max, block_largest(s));
    let keep = exp(row_max - next_max);
    row_max = next_max;
    let w = weights_of(s, row_max, visible);
    row_sum = row_sum * keep + block_sums(w);
    let factor = select(vec4f(1.0), select(vec4f(0.0), 1.0 / row_sum, row_sum > vec4f(0.0)), block + BLOCK >= end);
    for (var four = 0u; four < p.head_vecs; four += 4u) {
      let i = four + member;
      let known = min(i, p.head_vecs - 1u);
      var sum = held(o_at + known, keep, block == start);
      sum = add_part(sum, part_0(w, at), known);
      sum = add_part(sum, part_1(w, at), known);
      sum = add_part(sum, part_2(w, at), known);
      sum = add_part(sum, part_3(w, at), known);
      if (i < p.head_vecs) { store(sum, o_at + i, factor, count); }
    }
  }
}
