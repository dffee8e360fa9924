enable subgroups;
// Attention over the cache for software adapters with subgroups of four, where heads share keys and values; joined before
// cached_attention.wgsl.
//   attend_quads  a quad takes a row and up to four of the heads that share a head of the cache, an invocation each. The
//                 cache goes by in blocks of 16 positions at fixed places, of which each invocation loads 4 and hands them
//                 round. o holds the sums between blocks: the first takes nothing from it, the last divides.
// No invocation returns early on its own, as all four must take part in what is handed round.
const BLOCK: u32 = 16u;

/** Where this invocation's four positions of a block lie in the caches; positions past the end repeat the last one. */
fn own_positions(row: u32, kv_head: u32, first: u32) -> vec4u {
  let position = min(vec4u(first) + 4u * STEPS, vec4u(p.max_positions - 1u));
  return ((vec4u(slots[row] * p.max_positions) + position) * p.kv_heads + vec4u(kv_head)) * p.head_vecs;
}

@compute @workgroup_size(4)
fn attend_quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let group = p.heads / p.kv_heads;
  let fours = (group + 3u) / 4u;
  let index = wg.y * grid.x + wg.x;
  if (index >= p.rows * p.kv_heads * fours) { return; }
  let row = index / (p.kv_heads * fours);
  let kv_head = index / fours % p.kv_heads;
  let of_group = index % fours * 4u + member;
  let own = (row * p.heads + kv_head * group + min(of_group, group - 1u)) * p.head_vecs;
  let reach = reach_of(row);
  let start = reach.x / BLOCK * BLOCK;
  let end = max(reach.y, start + 1u);
  var row_max = MASKED;
  var row_sum = 0.0;
  for (var block = start; block < end; block += BLOCK) {
    let at = own_positions(row, kv_head, block + member);
    var a = vec4f(0.0);
    var b = vec4f(0.0);
    var c = vec4f(0.0);
    var e = vec4f(0.0);
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      let query = q[own + d];
      a += dots(query, spread_rows(cache_k[at.x + d]));
      b += dots(query, spread_rows(cache_k[at.y + d]));
      c += dots(query, spread_rows(cache_k[at.z + d]));
      e += dots(query, spread_rows(cache_k[at.w + d]));
    }
    let sees_a = sees(reach, block);
    let sees_b = sees(reach, block + 4u);
    let sees_c = sees(reach, block + 8u);
    let sees_e = sees(reach, block + 12u);
    a = select(vec4f(MASKED), capped(a), sees_a);
    b = select(vec4f(MASKED), capped(b), sees_b);
    c = select(vec4f(MASKED), capped(c), sees_c);
    e = select(vec4f(MASKED), capped(e), sees_e);
    let next_max = max(max(row_max, largest(a)), max(largest(b), max(largest(c), largest(e))));
    let keep = exp(row_max - next_max);
    row_max = next_max;
    // The selects matter where nothing was seen: the maximum is MASKED too, and exp(0) is 1.
    a = select(vec4f(0.0), exp(a - next_max), sees_a);
    b = select(vec4f(0.0), exp(b - next_max), sees_b);
    c = select(vec4f(0.0), exp(c - next_max), sees_c);
    e = select(vec4f(0.0), exp(e - next_max), sees_e);
    row_sum = row_sum * keep + ((sum4(a) + sum4(b)) + (sum4(c) + sum4(e)));
    let factor = select(1.0, select(0.0, 1.0 / row_sum, row_sum > 0.0), block + BLOCK >= end);
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      var acc = select(o[own + d] * keep, Vec(0.0), block == start);
      acc += weighted_rows(a, spread_rows(cache_v[at.x + d]));
      acc += weighted_rows(b, spread_rows(cache_v[at.y + d]));
      acc += weighted_rows(c, spread_rows(cache_v[at.z + d]));
      acc += weighted_rows(e, spread_rows(cache_v[at.w + d]));
      if (of_group < group) { o[own + d] = acc * factor; }
    }
  }
}
