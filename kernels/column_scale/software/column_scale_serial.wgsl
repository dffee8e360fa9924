// The `serial` gradient of the magnitude: joined with column_scale.wgsl. An invocation takes a column, without
// workgroup memory.
override WG: u32 = 4;

@compute @workgroup_size(WG)
fn backward_magnitude_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let o = (wg.y * grid.x + wg.x) * WG + lane;
  if (o >= p.cols) { return; }
  gradient[o] += inverse_norm[o] * products(o, 0u, 1u);
}
