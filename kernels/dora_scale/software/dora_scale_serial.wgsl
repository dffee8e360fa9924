// The `serial` entry point of dora_scale: joined with dora_scale.wgsl. An invocation takes a row, without workgroup memory.
@compute @workgroup_size(WG)
fn forward_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (wg.y * grid.x + wg.x) * WG + lane;
  if (row >= p.rows) { return; }
  write(row, squares(row, 0u, 1u));
}
