// The `serial` entry point: joined with top_k.wgsl. An invocation takes a row and inserts into the sorted output,
// without workgroup memory or barriers.
/** Logits of a block of the sum. */
const BLOCK = 256u;

/** Whether a value belongs among the first k, of which so many are there. */
fn is_taken(value: f32, filled: u32, last: f32) -> bool { return is_finite(value) && (filled < p.k || value > last); }

@compute @workgroup_size(1)
fn rows_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  let base = row * p.vocab;
  let out = row * p.k;
  var filled = 0u;
  var last = LOWEST;
  for (var v = 0u; v < p.vocab; v += 1u) {
    // Nearly every logit is turned away in a loop of its own: software adapters compute a loop's whole body at each turn.
    while (v < p.vocab && !is_taken(logits[base + v], filled, last)) { v += 1u; }
    if (v >= p.vocab) { break; }
    let value = logits[base + v];
    // Later values move behind equal earlier ones, which keeps ties in index order.
    var place = filled;
    if (filled == p.k) { place = p.k - 1u; } else { filled += 1u; }
    while (place > 0u && values[out + place - 1u] < value) {
      values[out + place] = values[out + place - 1u];
      indices[out + place] = indices[out + place - 1u];
      place -= 1u;
    }
    values[out + place] = value;
    indices[out + place] = v;
    last = values[out + filled - 1u];
  }
  for (var place = filled; place < p.k; place += 1u) {
    values[out + place] = LOWEST;
    indices[out + place] = NONE;
  }
  let largest = values[out];
  var total = 0.0;
  var bad = 0u;
  for (var first = 0u; first < p.vocab; first += BLOCK) {
    var sum = 0.0;
    for (var v = first; v < min(first + BLOCK, p.vocab); v += 1u) {
      let l = logits[base + v];
      bad |= u32(is_bad(l));
      if (is_finite(l)) { sum += exp(l - largest); }
    }
    total += sum;
  }
  lse[row] = row_lse(largest, total, bad);
}
