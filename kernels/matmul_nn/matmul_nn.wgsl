// Product with a packed weight, its rows summed over: the gradient of matmul_nt in x.
//   dx[n,i] = alpha * sum_o dy[n, dy_offset + o] W[o,i] (+ lora_scale * sum_r dh[n,r] A[r,i]) (+ keep[n] * dx[n,i])
// dy [N, dy_stride] dense, W [O, I] packed (kernels/_lib), dh = dy B [N, R], A [R, I], dx [N, I].
// Joined by the spec with interface.wgsl, a weight reader, lora.wgsl or no_lora.wgsl, keep.wgsl or no_keep.wgsl, and software/matmul_nn_quad.wgsl or workgroup.wgsl where an adapter is
// served by them.
//   serial  one invocation computes 8 rows x 16 columns: no workgroup memory
//   naive   one output an invocation: the second oracle
// The order of the additions depends on O and R only. Outputs past N or I are computed from clamped indices, not written.
override WG: u32 = 64;

@group(0) @binding(1) var<storage, read> dy: array<f32>;
@compute @workgroup_size(64)
fn naive(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let n = index / p.in_features;
  let i = index % p.in_features;
  if (n >= p.rows) { return; }
  var dot_w = 0.0;
  for (var o = 0u; o < p.out_features; o++) { dot_w += dy[n * p.dy_stride + p.dy_offset + o] * weight_at(o, i); }
  var dot_a = 0.0;
  for (var r = 0u; r < p.rank; r++) { dot_a += dh_at(n, r) * a_at(r, i); }
  store(n, i, p.alpha * dot_w + p.lora_scale * dot_a);
}

const LANES4 = vec4u(0u, 1u, 2u, 3u);

fn dy_at(n: u32, o: u32) -> f32 { return p.alpha * dy[n * p.dy_stride + p.dy_offset + o]; }

/** W[o, i .. i+3]; a quad past the row repeats its last. */
fn w_quad(o: u32, i: u32, scale: vec2f) -> vec4f { return weight_quad(o, min(i, (p.in_features - 1u) & ~3u), scale); }

fn a_quad(r: u32, i: u32) -> vec4f {
  let at = min(vec4u(i) + LANES4, vec4u(p.in_features - 1u));
  return vec4f(a_at(r, at.x), a_at(r, at.y), a_at(r, at.z), a_at(r, at.w));
}

@compute @workgroup_size(WG)
fn serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.in_features + 15u) / 16u;
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  let n = (index / tiles) * 8u;
  let i = (index % tiles) * 16u;
  if (n >= p.rows) { return; }
  let n0 = min(n + 0u, p.rows - 1u);
  let n1 = min(n + 1u, p.rows - 1u);
  let n2 = min(n + 2u, p.rows - 1u);
  let n3 = min(n + 3u, p.rows - 1u);
  let n4 = min(n + 4u, p.rows - 1u);
  let n5 = min(n + 5u, p.rows - 1u);
  let n6 = min(n + 6u, p.rows - 1u);
  let n7 = min(n + 7u, p.rows - 1u);
  var acc0 = mat4x4f();
  var acc1 = mat4x4f();
  var acc2 = mat4x4f();
  var acc3 = mat4x4f();
  var acc4 = mat4x4f();
  var acc5 = mat4x4f();
  var acc6 = mat4x4f();
  var acc7 = mat4x4f();
  var v0 = 0.0;
  var v1 = 0.0;
  var v2 = 0.0;
  var v3 = 0.0;
  var v4 = 0.0;
  var v5 = 0.0;
  var v6 = 0.0;
  var v7 = 0.0;
  var w = mat4x4f();
  for (var step = 0u; step < p.out_features + p.rank; step++) {
    if (step < p.out_features) {
      let scale = group_scale(step, i);
      w = mat4x4f(w_quad(step, i, scale), w_quad(step, i + 4u, scale), w_quad(step, i + 8u, scale), w_quad(step, i + 12u, scale));
      v0 = dy_at(n0, step);
      v1 = dy_at(n1, step);
      v2 = dy_at(n2, step);
      v3 = dy_at(n3, step);
      v4 = dy_at(n4, step);
      v5 = dy_at(n5, step);
      v6 = dy_at(n6, step);
      v7 = dy_at(n7, step);
    } else {
      let r = step - p.out_features;
      w = mat4x4f(a_quad(r, i), a_quad(r, i + 4u), a_quad(r, i + 8u), a_quad(r, i + 12u));
      v0 = p.lora_scale * dh_at(n0, r);
      v1 = p.lora_scale * dh_at(n1, r);
      v2 = p.lora_scale * dh_at(n2, r);
      v3 = p.lora_scale * dh_at(n3, r);
      v4 = p.lora_scale * dh_at(n4, r);
      v5 = p.lora_scale * dh_at(n5, r);
      v6 = p.lora_scale * dh_at(n6, r);
      v7 = p.lora_scale * dh_at(n7, r);
    }
    acc0 += v0 * w;
    acc1 += v1 * w;
    acc2 += v2 * w;
    acc3 += v3 * w;
    acc4 += v4 * w;
    acc5 += v5 * w;
    acc6 += v6 * w;
    acc7 += v7 * w;
  }
  var results = array<mat4x4f, 8>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7);
  for (var r = 0u; r < min(8u, p.rows - n); r++) {
    for (var c = 0u; c < min(16u, p.in_features - i); c++) { store(n + r, i + c, results[r][c / 4u][c % 4u]); }
  }
}
