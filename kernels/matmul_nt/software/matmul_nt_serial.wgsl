// The `serial` entry points of matmul_nt: joined with matmul_nt.wgsl and its parts. No workgroup memory.
//   serial      one invocation computes 8 rows x 16 columns
//   serial_row  one invocation computes 1 row x 4 columns, in the same order of additions
override WG: u32 = 4;

/** Four columns of sixteen rows of W. */
struct Wide { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f }

fn times(v: vec4f, w: Wide) -> mat4x4f { return mat4x4f(v * w.a, v * w.b, v * w.c, v * w.d); }

@compute @workgroup_size(WG)
fn serial(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.out_features + 15u) / 16u;
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  let n = (index / tiles) * 8u;
  let o = (index % tiles) * 16u;
  if (n >= p.rows) { return; }
  @repeat(4) let o$l = four_rows(o + 4u * $iu);
  @repeat(8) let n$i = min(n + $iu, p.rows - 1u);
  @repeat(8) var acc$i = mat4x4f();
  @repeat(4) var s$l = mat4x2f();
  for (var k = 0u; k < p.in_features; k += 4u) {
    if (k % 32u == 0u) {
      @repeat(4) s$l = group_scales(o$l, k);
    }
    let w = Wide(weight_quads(oa, k, sa), weight_quads(ob, k, sb), weight_quads(oc, k, sc), weight_quads(od, k, sd));
    @repeat(8) acc$i += times(x_quad(n$i, k), w);
  }
  for (var r = 0u; r < p.rank; r++) {
    let b = mat4x4f(b_four(oa, r), b_four(ob, r), b_four(oc, r), b_four(od, r));
    @repeat(8) acc$i += p.lora_scale * h_at(n$i, r) * b;
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
