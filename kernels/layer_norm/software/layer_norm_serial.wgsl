// The `serial` entry points: joined with layer_norm.wgsl. An invocation takes a row, without workgroup memory.
@compute @workgroup_size(WG)
fn forward_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (wg.y * grid.x + wg.x) * WG + lane;
  if (row >= p.rows) { return; }
  let base = row * (p.cols / WIDTH);
  let m = sum_x(base, 0u, 1u) / f32(p.cols);
  let r = reciprocal_deviation(sum_squares(base, 0u, 1u, m));
  mean[row] = m;
  rstd[row] = r;
  write_y(base, 0u, 1u, m, r);
}

@compute @workgroup_size(WG)
fn backward_dx_serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (wg.y * grid.x + wg.x) * WG + lane;
  if (row >= p.rows) { return; }
  let base = row * (p.cols / WIDTH);
  let m = mean_saved[row];
  let r = rstd_saved[row];
  write_dx(base, 0u, 1u, m, r, gradient_sums(base, 0u, 1u, m, r));
}
