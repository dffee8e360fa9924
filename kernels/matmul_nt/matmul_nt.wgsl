// Product with a packed weight whose rows run along the reduction:
//   y[n,o] = alpha * sum_i x[n,i] W[o,i] (+ bias[o]) (+ lora_scale * sum_r h[n,r] B[o,r]) (+ y[n,o])
// x [N, I] dense, W [O, I] packed (kernels/_lib), y [N, out_stride] at columns [out_offset, out_offset + O); bias
// and B have the rows of the whole layer.
// Joined by the spec with interface.wgsl, a weight reader, bias.wgsl or no_bias.wgsl, lora.wgsl or no_lora.wgsl, and
// workgroup.wgsl or, for software adapters, a file of software/.
//   naive  one output an invocation: a second reference
// The order of the additions depends on I and R only. Outputs past N or O are computed from clamped rows and not written.

@group(0) @binding(1) var<storage, read> x: array<f32>;

@compute @workgroup_size(64)
fn naive(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let n = index / p.out_features;
  let o = index % p.out_features;
  if (n >= p.rows) { return; }
  var dot_xw = 0.0;
  for (var i = 0u; i < p.in_features; i++) { dot_xw += x[n * p.in_features + i] * weight_at(o, i); }
  var dot_hb = 0.0;
  for (var r = 0u; r < p.rank; r++) { dot_hb += h_at(n, r) * b_at(o, r); }
  store(n, o, p.alpha * dot_xw + p.lora_scale * dot_hb);
}

const LANES4 = vec4u(0u, 1u, 2u, 3u);

/** alpha * x[n, k .. k+3] with zeros past I. */
fn x_quad(n: u32, k: u32) -> vec4f {
  let ks = vec4u(k) + LANES4;
  let at = vec4u(n * p.in_features) + min(ks, vec4u(p.in_features - 1u));
  return select(vec4f(0.0), p.alpha * vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), ks < vec4u(p.in_features));
}

/** One column of B, its rows those of os. */
fn b_four(os: vec4u, r: u32) -> vec4f { return vec4f(b_at(os.x, r), b_at(os.y, r), b_at(os.z, r), b_at(os.w, r)); }

fn four_rows(o: u32) -> vec4u { return min(vec4u(o) + LANES4, vec4u(p.out_features - 1u)); }
