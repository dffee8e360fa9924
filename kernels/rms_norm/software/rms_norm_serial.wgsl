// The `serial` entry points: joined with rms_norm.wgsl. An invocation takes a row, without workgroup memory.
@compute @workgroup_size(WG)
fn forward_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (wg.y * grid.x + wg.x) * WG + lane;
  if (row >= p.rows) { return; }
  let base = row * (p.cols / WIDTH);
  let r = reciprocal_rms(squares(base, 0u, 1u));
  rstd[row] = r;
  write_y(base, 0u, 1u, r);
}

@compute @workgroup_size(WG)
fn backward_dx_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (wg.y * grid.x + wg.x) * WG + lane;
  if (row >= p.rows) { return; }
  let base = row * (p.cols / WIDTH);
  write_dx(base, 0u, 1u, rstd_saved[row], dot_gx(base, 0u, 1u));
}
