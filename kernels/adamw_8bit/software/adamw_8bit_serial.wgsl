// The `serial` update of 8-bit moments: joined with adamw_8bit.wgsl. No workgroup memory.
override WG: u32 = 4;

// An invocation takes a block alone: once for its largest moments, once to write.
@compute @workgroup_size(WG)
fn update_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = (wg.y * grid.x + wg.x) * WG + lane;
  if (block * BLOCK >= p.count) { return; }
  if (scalars[2] != 1u) { return; }
  let m_scale = m_scales[block];
  let v_scale = v_scales[block];
  let end = min((block + 1u) * BLOCK, p.count) / 4u;
  var m_largest = 0.0;
  var v_largest = 0.0;
  for (var word = block * (BLOCK / 4u); word < end; word += 1u) {
    let moments = updated(word, m_scale, v_scale);
    m_largest = max(m_largest, largest(moments.first));
    v_largest = max(v_largest, largest(moments.second));
  }
  m_scales[block] = m_largest / TOP_M;
  v_scales[block] = sqrt(v_largest) / TOP_V;
  for (var word = block * (BLOCK / 4u); word < end; word += 1u) {
    write(word, updated(word, m_scale, v_scale), m_largest / TOP_M, sqrt(v_largest) / TOP_V);
  }
}
