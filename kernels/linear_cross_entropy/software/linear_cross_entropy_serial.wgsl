// The `serial` entry point: joined with linear_cross_entropy.wgsl. An invocation takes a row, with neither
// workgroup memory nor barriers.
/** Vecs of a block of the sum: 256 values. */
const BLOCK = 256u / WIDTH;

@compute @workgroup_size(WG)
fn rows_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (wg.y * grid.x + wg.x) * WG + lane;
  if (row >= p.chunk_rows) { return; }
  let vecs = p.vocab / WIDTH;
  let base = row * vecs;
  let target_row = p.first_row + row;
  if (target_row >= step[2]) {
    if (GRADIENT == 1u) { for (var v = 0u; v < vecs; v += 1u) { logits[base + v] = Vec(0.0); } }
    return;
  }
  var seen = Online(Vec(LOWEST), Vec(0.0), VecU(0u));
  for (var first = 0u; first < vecs; first += BLOCK) {
    var block = Online(seen.largest, Vec(0.0), seen.exponent);
    for (var v = first; v < min(first + BLOCK, vecs); v += 4u) { block = absorb(block, base, v, 1u, vecs); }
    seen = Online(block.largest, seen.sum * exp(seen.largest - block.largest) + block.sum, block.exponent);
  }
  let all = row_of(seen);
  let label = labels[target_row];
  nll[target_row] = loss_of(all, only(capped(logits[base + label / WIDTH]), label));
  if (GRADIENT == 1u) {
    for (var v = 0u; v < vecs; v += 1u) { logits[base + v] = gradient_at(all, base, v, label); }
  }
}
