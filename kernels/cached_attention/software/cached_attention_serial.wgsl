// The `serial` entry points of attention over the cache: joined with cached_attention.wgsl. An invocation takes a row, a head
// and 8 Vecs of the head dimension, one block of 4 positions at a time, without workgroup memory.
const SLOTS: u32 = 8u;

@compute @workgroup_size(WG)
fn attend_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  let slices = (p.head_vecs + SLOTS - 1u) / SLOTS;
  if (index >= p.rows * p.heads * slices) { return; }
  let slice = index % slices * SLOTS;
  let row_head = index / slices;
  let row = row_head / p.heads;
  let kv_head = row_head % p.heads / (p.heads / p.kv_heads);
  let reach = reach_of(row);
  var row_max = MASKED;
  var row_sum = 0.0;
  @repeat(8) var a$i = Vec(0.0);
  for (var block = reach.x / 4u * 4u; block < reach.y; block += 4u) {
    let at = cache_at(row, kv_head, block);
    let visible = sees(reach, block);
    let s = select(vec4f(MASKED), scores(row_head * p.head_vecs, at), visible);
    let next_max = max(row_max, largest(s));
    let keep = exp(row_max - next_max);
    row_max = next_max;
    let weight = select(vec4f(0.0), exp(s - next_max), visible);
    row_sum = row_sum * keep + sum4(weight);
    let value_at = at + vec4u(slice);
    @repeat(8) a$i = a$i * keep + weighted(weight, value_at + vec4u($iu));
  }
  let factor = select(0.0, 1.0 / row_sum, row_sum > 0.0);
  let base = row_head * p.head_vecs + slice;
  let left = p.head_vecs - slice;
  @repeat(8) if (left > $iu) { o[base + $iu] = a$i * factor; }
}
