// The `serial` entry points of matmul_nn: joined with matmul_nn.wgsl and its parts. An invocation computes 8 rows x 16 columns,
// without workgroup memory.
override WG: u32 = 4;

@compute @workgroup_size(WG)
fn serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.in_features + 15u) / 16u;
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  let n = (index / tiles) * 8u;
  let i = (index % tiles) * 16u;
  if (n >= p.rows) { return; }
  @repeat(8) let n$i = min(n + $iu, p.rows - 1u);
  @repeat(8) var acc$i = mat4x4f();
  @repeat(8) var v$i = 0.0;
  var w = mat4x4f();
  for (var step = 0u; step < p.out_features + p.rank; step++) {
    if (step < p.out_features) {
      let scale = group_scale(step, i);
      w = mat4x4f(w_quad(step, i, scale), w_quad(step, i + 4u, scale), w_quad(step, i + 8u, scale), w_quad(step, i + 12u, scale));
      @repeat(8) v$i = dy_at(n$i, step);
    } else {
      let r = step - p.out_features;
      w = mat4x4f(a_quad(r, i), a_quad(r, i + 4u), a_quad(r, i + 8u), a_quad(r, i + 12u));
      @repeat(8) v$i = p.lora_scale * dh_at(n$i, r);
    }
    @repeat(8) acc$i += v$i * w;
  }
  var results = array<mat4x4f, 8>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7);
  for (var r = 0u; r < min(8u, p.rows - n); r++) {
    for (var c = 0u; c < min(16u, p.in_features - i); c++) { store(n + r, i + c, results[r][c / 4u][c % 4u]); }
  }
}
