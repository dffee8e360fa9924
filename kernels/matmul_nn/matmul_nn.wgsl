// Product with a packed weight, summed over its rows: the gradient of matmul_nt with respect to x.
//   dx[n,i] = alpha * sum_o dy[n, dy_offset + o] W[o,i] (+ lora_scale * sum_r dh[n,r] A[r,i]) (+ keep[n] * dx[n,i])
// dy [N, dy_stride] dense, W [O, I] packed (kernels/_lib), dh = dy B [N, R], A [R, I], dx [N, I].
// Joined by the spec with interface.wgsl, a weight reader, lora.wgsl or no_lora.wgsl, keep.wgsl or no_keep.wgsl, and
// workgroup.wgsl or, for software adapters, a file of software/.
//   naive  one output an invocation: a second reference
// The order of the additions depends on O and R only. Outputs past N or I are computed from clamped indices, not written.

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
