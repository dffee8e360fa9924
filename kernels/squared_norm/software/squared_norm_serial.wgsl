// The `serial` entry points: joined with squared_norm.wgsl. An invocation takes a block, in strips, with neither workgroup
// memory nor barriers.
const STRIP = 64u;

@compute @workgroup_size(WG)
fn partial_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = (wg.y * grid.x + wg.x) * WG + lane;
  if (block * BLOCK >= p.count) { return; }
  let end = min((block + 1u) * BLOCK, p.count);
  var sum = 0.0;
  var bad = 0u;
  for (var first = block * BLOCK; first < end; first += STRIP) {
    var strip = 0.0;
    for (var i = first; i < min(first + STRIP, end); i += 1u) {
      let bits = grad[i];
      bad |= u32(is_bad(bits));
      let value = finite_or_zero(bits);
      strip += value * value;
    }
    sum += strip;
  }
  store_partial(block, sum, bad);
}

@compute @workgroup_size(1)
fn finish_serial() {
  var sum = 0.0;
  var bad = 0u;
  for (var first = 0u; first < p.count; first += STRIP) {
    var strip = 0.0;
    for (var i = first; i < min(first + STRIP, p.count); i += 1u) {
      bad |= u32(is_bad(partials[i]));
      strip += finite_or_zero(partials[i]);
    }
    sum += strip;
  }
  store_scalars(sum, bad);
}
