// Product with a packed weight, its rows along the reduction:
//   y[n,o] = alpha * sum_i x[n,i] W[o,i] (+ bias[o]) (+ lora_scale * sum_r h[n,r] B[o,r]) (+ y[n,o])
// x [N, I] dense, W [O, I] packed (kernels/_lib), y [N, out_stride] at columns [out_offset, out_offset + O), of whose layer
// bias and B have every row.
// Joined by the spec with interface.wgsl, a weight reader, bias.wgsl or no_bias.wgsl, lora.wgsl or no_lora.wgsl, and
// software/matmul_nt_quad.wgsl or workgroup.wgsl where an adapter is served by them.
//   serial      one invocation computes 8 rows x 16 columns: no workgroup memory
//   serial_row  one invocation computes 1 row x 4 columns, in the same order of additions
//   naive       one output an invocation: the second oracle
// The order of the additions depends on I and R only. Outputs past N or O are computed from clamped rows and not written.
override WG: u32 = 64;

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

/** Four columns of sixteen rows of W. */
struct Wide { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f }

fn times(v: vec4f, w: Wide) -> mat4x4f { return mat4x4f(v * w.a, v * w.b, v * w.c, v * w.d); }

fn four_rows(o: u32) -> vec4u { return min(vec4u(o) + LANES4, vec4u(p.out_features - 1u)); }

@compute @workgroup_size(WG)
fn serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.out_features + 15u) / 16u;
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  let n = (index / tiles) * 8u;
  let o = (index % tiles) * 16u;
  if (n >= p.rows) { return; }
  let oa = four_rows(o);
  let ob = four_rows(o + 4u);
  let oc = four_rows(o + 8u);
  let od = four_rows(o + 12u);
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
  var sa = mat4x2f();
  var sb = mat4x2f();
  var sc = mat4x2f();
  var sd = mat4x2f();
  for (var k = 0u; k < p.in_features; k += 4u) {
    if (k % 32u == 0u) {
      sa = group_scales(oa, k);
      sb = group_scales(ob, k);
      sc = group_scales(oc, k);
      sd = group_scales(od, k);
    }
    let w = Wide(weight_quads(oa, k, sa), weight_quads(ob, k, sb), weight_quads(oc, k, sc), weight_quads(od, k, sd));
    acc0 += times(x_quad(n0, k), w);
    acc1 += times(x_quad(n1, k), w);
    acc2 += times(x_quad(n2, k), w);
    acc3 += times(x_quad(n3, k), w);
    acc4 += times(x_quad(n4, k), w);
    acc5 += times(x_quad(n5, k), w);
    acc6 += times(x_quad(n6, k), w);
    acc7 += times(x_quad(n7, k), w);
  }
  for (var r = 0u; r < p.rank; r++) {
    let b = mat4x4f(b_four(oa, r), b_four(ob, r), b_four(oc, r), b_four(od, r));
    acc0 += p.lora_scale * h_at(n0, r) * b;
    acc1 += p.lora_scale * h_at(n1, r) * b;
    acc2 += p.lora_scale * h_at(n2, r) * b;
    acc3 += p.lora_scale * h_at(n3, r) * b;
    acc4 += p.lora_scale * h_at(n4, r) * b;
    acc5 += p.lora_scale * h_at(n5, r) * b;
    acc6 += p.lora_scale * h_at(n6, r) * b;
    acc7 += p.lora_scale * h_at(n7, r) * b;
  }
  var results = array<mat4x4f, 8>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7);
  for (var r = 0u; r < min(8u, p.rows - n); r++) {
    for (var c = 0u; c < min(16u, p.out_features - o); c++) { store(n + r, o + c, results[r][c / 4u][c % 4u]); }
  }
}

@compute @workgroup_size(WG)
fn serial_row(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.out_features + 3u) / 4u;
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  let n = index / tiles;
  let o = (index % tiles) * 4u;
  if (n >= p.rows) { return; }
  let os = four_rows(o);
  var acc = vec4f();
  var scales = mat4x2f();
  for (var k = 0u; k < p.in_features; k += 4u) {
    if (k % 32u == 0u) { scales = group_scales(os, k); }
    acc += x_quad(n, k) * weight_quads(os, k, scales);
  }
  for (var r = 0u; r < p.rank; r++) { acc += p.lora_scale * h_at(n, r) * b_four(os, r); }
  for (var c = 0u; c < min(4u, p.out_features - o); c++) { store(n, o + c, acc[c]); }
}
