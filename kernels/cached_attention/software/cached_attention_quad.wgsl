enable subgroups;
// Attention over the cache for software adapters with subgroups of four; joined before cached_attention.wgsl.
//   attend_quads  a quad takes a row and up to four of the heads that share a head of the cache. The cache is read in blocks
//                 of 16 positions at fixed offsets. For the scores each invocation has 4 of the positions, and the heads' q
//                 are broadcast; for the sums each has every fourth Vec of a head, and the weights are broadcast. o
//                 holds the sums between blocks: the first block does not read it, the last divides.
// No invocation returns early on its own, as all four must take part in a broadcast.
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
    @repeat(4) if (HEADS > $iu) { s.$l += dots(queries.$l, keys); }
  }
  return s;
}

fn masked(s: Weights, visible: vec4<bool>) -> Weights {
  let none = vec4f(MASKED);
  var seen = Weights(none, none, none, none);
  @repeat(4) if (HEADS > $iu) { seen.$l = select(none, capped(s.$l), visible); }
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
  var w = Weights(none, none, none, none);
  @repeat(4) if (HEADS > $iu) { w.$l = select(none, exp(s.$l - most[$i]), visible); }
  return w;
}

/** The weights and positions of one invocation, in all four; which one must be written out for quadBroadcast. */
struct Part { w: Weights, at: vec4u }

@repeat(4) fn part_$i(w: Weights, at: vec4u) -> Part { return Part(weights_from_$i(w), quadBroadcast(at, $iu)); }

@repeat(4) fn weights_from_$i(w: Weights) -> Weights { return Weights(quadBroadcast(w.a, $iu), quadBroadcast(w.b, $iu), quadBroadcast(w.c, $iu), quadBroadcast(w.d, $iu)); }

/** sums plus what a part's four positions add to the i-th Vec of each head. */
fn add_part(sums: Rows, part: Part, i: u32) -> Rows {
  let values = Rows(cache_v[part.at.x + i], cache_v[part.at.y + i], cache_v[part.at.z + i], cache_v[part.at.w + i]);
  var sum = sums;
  @repeat(4) if (HEADS > $iu) { sum.$l += weighted_rows(part.w.$l, values); }
  return sum;
}

/** What o holds of the i-th Vec of each head, weighed anew: nothing before the first block. */
fn held(at: u32, keep: vec4f, is_first: bool) -> Rows {
  var sum = Rows();
  @repeat(4) if (HEADS > $iu) { sum.$l = select(o[at + $iu * p.head_vecs] * keep[$i], Vec(0.0), is_first); }
  return sum;
}

fn store(sum: Rows, at: u32, factor: vec4f, count: u32) {
  @repeat(4) if (HEADS > $iu && count > $iu) { o[at + $iu * p.head_vecs] = sum.$l * factor[$i]; }
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
      @repeat(4) sum = add_part(sum, part_$i(w, at), known);
      if (i < p.head_vecs) { store(sum, o_at + i, factor, count); }
    }
  }
}
