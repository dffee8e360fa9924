// The `serial` entry point of matmul_tn: joined with matmul_tn.wgsl. An invocation computes 8 x 16 of g, without workgroup memory.
override WG: u32 = 4;

@compute @workgroup_size(WG)
fn serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.q_len + 15u) / 16u;
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  let row = (index / tiles) * 8u;
  let col = (index % tiles) * 16u;
  if (row >= p.p_len) { return; }
  @repeat(8) var acc$i = mat4x4f();
  for (var n = 0u; n < p.rows; n++) {
    let values = mat4x4f(b_quad(n, col), b_quad(n, col + 4u), b_quad(n, col + 8u), b_quad(n, col + 12u));
    @repeat(8) acc$i += a_at(n, row + $iu) * values;
  }
  var results = array<mat4x4f, 8>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7);
  for (var r = 0u; r < min(8u, p.p_len - row); r++) {
    for (var c = 0u; c < min(16u, p.q_len - col); c++) { store(row + r, col + c, results[r][c / 4u][c % 4u]); }
  }
}
