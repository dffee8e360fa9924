enable subgroups;
// The best logit alone, for software adapters with subgroups of four: a quad takes a row, an invocation every fourth logit.
// Joined before top_k.wgsl and with top_k_serial.wgsl and _lib/software/quad_broadcast.wgsl.
fn first_of(a: Candidate, value: f32, index: u32) -> Candidate {
  let b = Candidate(value, index);
  if (precedes(b, a)) { return b; }
  return a;
}

@compute @workgroup_size(4)
fn best_quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let base = row * p.vocab;
  var mine = Candidate(LOWEST, NONE);
  for (var v = member; v < p.vocab; v += 4u) {
    let value = logits[base + v];
    if (is_finite(value)) { mine = first_of(mine, value, v); }
  }
  let found = quad_broadcast(mine.value);
  var best_of_row = Candidate(found.x, quadBroadcast(mine.index, 0u));
  best_of_row = first_of(best_of_row, found.y, quadBroadcast(mine.index, 1u));
  best_of_row = first_of(best_of_row, found.z, quadBroadcast(mine.index, 2u));
  best_of_row = first_of(best_of_row, found.w, quadBroadcast(mine.index, 3u));
  var total = 0.0;
  var bad = 0u;
  for (var first = member; first < p.vocab; first += 4u * BLOCK) {
    var sum = 0.0;
    for (var v = first; v < min(first + 4u * BLOCK, p.vocab); v += 4u) {
      let l = logits[base + v];
      bad |= u32(is_bad(l));
      if (is_finite(l)) { sum += exp(l - best_of_row.value); }
    }
    total += sum;
  }
  let totals = quad_broadcast(total);
  let any_bad = quadBroadcast(bad, 0u) | quadBroadcast(bad, 1u) | quadBroadcast(bad, 2u) | quadBroadcast(bad, 3u);
  if (member == 0u) {
    values[row] = best_of_row.value;
    indices[row] = best_of_row.index;
    lse[row] = row_lse(best_of_row.value, (totals.x + totals.y) + (totals.z + totals.w), any_bad);
  }
}
