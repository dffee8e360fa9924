enable subgroups;
// The quads of matmul_nt, for software adapters with subgroups of four; joined before matmul_nt.wgsl and its parts.
//   quads         a quad computes 16 rows x 64 columns, each invocation 16 of the columns
//   quads_narrow  a quad computes 16 rows x 16 columns, each invocation 4 of them: h = x A^T
//   quads_row     a quad computes 1 row x 16 columns, each invocation 4 of them: decoding
// Each invocation loads a quarter of x and of h and hands it round. The order of additions is that of serial_row. No
// invocation returns early, as all four must take part in what is handed round.

/** x[n, k .. k+3] times alpha with zeros past I, of which this invocation loads one. */
fn x_spread(row: u32, k: u32, member: u32) -> vec4f {
  let at = k + member;
  return spread(select(0.0, p.alpha * x[row + min(at, p.in_features - 1u)], at < p.in_features));
}

fn h_spread(n: u32, r: u32, member: u32) -> vec4f {
  let at = r + member;
  return spread(select(0.0, p.lora_scale * h_at(n, min(at, p.rank - 1u)), at < p.rank));
}

/** Eight columns of four rows of W. */
struct Octs { lo: mat4x4f, hi: mat4x4f }

fn octs(bases: vec4u, oct: u32, scales: mat4x2f) -> Octs {
  let a = weight_oct(bases.x, oct, scales[0]);
  let b = weight_oct(bases.y, oct, scales[1]);
  let c = weight_oct(bases.z, oct, scales[2]);
  let d = weight_oct(bases.w, oct, scales[3]);
  return Octs(mat4x4f(a.lo, b.lo, c.lo, d.lo), mat4x4f(a.hi, b.hi, c.hi, d.hi));
}

struct Wide { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f }

fn times(v: vec4f, w: Wide) -> mat4x4f { return mat4x4f(v * w.a, v * w.b, v * w.c, v * w.d); }

fn x_step(acc: mat4x4f, row: u32, k: u32, member: u32, lo: Wide, hi: Wide) -> mat4x4f {
  return acc + times(x_spread(row, k, member), lo) + times(x_spread(row, k + 4u, member), hi);
}

fn row_of(n: u32) -> u32 { return min(n, p.rows - 1u); }

@compute @workgroup_size(4)
fn quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.out_features + 63u) / 64u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 16u;
  let o = (index % tiles) * 64u + member * 16u;
  let oa = four_rows(o);
  let ob = four_rows(o + 4u);
  let oc = four_rows(o + 8u);
  let od = four_rows(o + 12u);
  let base_a = oa * p.code_words;
  let base_b = ob * p.code_words;
  let base_c = oc * p.code_words;
  let base_d = od * p.code_words;
  let n0 = row_of(n + 0u);
  let n1 = row_of(n + 1u);
  let n2 = row_of(n + 2u);
  let n3 = row_of(n + 3u);
  let n4 = row_of(n + 4u);
  let n5 = row_of(n + 5u);
  let n6 = row_of(n + 6u);
  let n7 = row_of(n + 7u);
  let n8 = row_of(n + 8u);
  let n9 = row_of(n + 9u);
  let n10 = row_of(n + 10u);
  let n11 = row_of(n + 11u);
  let n12 = row_of(n + 12u);
  let n13 = row_of(n + 13u);
  let n14 = row_of(n + 14u);
  let n15 = row_of(n + 15u);
  let x0 = n0 * p.in_features;
  let x1 = n1 * p.in_features;
  let x2 = n2 * p.in_features;
  let x3 = n3 * p.in_features;
  let x4 = n4 * p.in_features;
  let x5 = n5 * p.in_features;
  let x6 = n6 * p.in_features;
  let x7 = n7 * p.in_features;
  let x8 = n8 * p.in_features;
  let x9 = n9 * p.in_features;
  let x10 = n10 * p.in_features;
  let x11 = n11 * p.in_features;
  let x12 = n12 * p.in_features;
  let x13 = n13 * p.in_features;
  let x14 = n14 * p.in_features;
  let x15 = n15 * p.in_features;
  var acc0 = mat4x4f();
  var acc1 = mat4x4f();
  var acc2 = mat4x4f();
  var acc3 = mat4x4f();
  var acc4 = mat4x4f();
  var acc5 = mat4x4f();
  var acc6 = mat4x4f();
  var acc7 = mat4x4f();
  var acc8 = mat4x4f();
  var acc9 = mat4x4f();
  var acc10 = mat4x4f();
  var acc11 = mat4x4f();
  var acc12 = mat4x4f();
  var acc13 = mat4x4f();
  var acc14 = mat4x4f();
  var acc15 = mat4x4f();
  var oct = 0u;
  for (var start = 0u; start < p.in_features; start += 32u) {
    let sa = group_scales(oa, start);
    let sb = group_scales(ob, start);
    let sc = group_scales(oc, start);
    let sd = group_scales(od, start);
    for (var k = start; k < min(start + 32u, p.in_features); k += 8u) {
      let wa = octs(base_a, oct, sa);
      let wb = octs(base_b, oct, sb);
      let wc = octs(base_c, oct, sc);
      let wd = octs(base_d, oct, sd);
      let lo = Wide(wa.lo, wb.lo, wc.lo, wd.lo);
      let hi = Wide(wa.hi, wb.hi, wc.hi, wd.hi);
      acc0 = x_step(acc0, x0, k, member, lo, hi);
      acc1 = x_step(acc1, x1, k, member, lo, hi);
      acc2 = x_step(acc2, x2, k, member, lo, hi);
      acc3 = x_step(acc3, x3, k, member, lo, hi);
      acc4 = x_step(acc4, x4, k, member, lo, hi);
      acc5 = x_step(acc5, x5, k, member, lo, hi);
      acc6 = x_step(acc6, x6, k, member, lo, hi);
      acc7 = x_step(acc7, x7, k, member, lo, hi);
      acc8 = x_step(acc8, x8, k, member, lo, hi);
      acc9 = x_step(acc9, x9, k, member, lo, hi);
      acc10 = x_step(acc10, x10, k, member, lo, hi);
      acc11 = x_step(acc11, x11, k, member, lo, hi);
      acc12 = x_step(acc12, x12, k, member, lo, hi);
      acc13 = x_step(acc13, x13, k, member, lo, hi);
      acc14 = x_step(acc14, x14, k, member, lo, hi);
      acc15 = x_step(acc15, x15, k, member, lo, hi);
      oct++;
    }
  }
  for (var r = 0u; r < p.rank; r += 4u) {
    let b = Wide(b_quads(oa, r), b_quads(ob, r), b_quads(oc, r), b_quads(od, r));
    acc0 += times(h_spread(n0, r, member), b);
    acc1 += times(h_spread(n1, r, member), b);
    acc2 += times(h_spread(n2, r, member), b);
    acc3 += times(h_spread(n3, r, member), b);
    acc4 += times(h_spread(n4, r, member), b);
    acc5 += times(h_spread(n5, r, member), b);
    acc6 += times(h_spread(n6, r, member), b);
    acc7 += times(h_spread(n7, r, member), b);
    acc8 += times(h_spread(n8, r, member), b);
    acc9 += times(h_spread(n9, r, member), b);
    acc10 += times(h_spread(n10, r, member), b);
    acc11 += times(h_spread(n11, r, member), b);
    acc12 += times(h_spread(n12, r, member), b);
    acc13 += times(h_spread(n13, r, member), b);
    acc14 += times(h_spread(n14, r, member), b);
    acc15 += times(h_spread(n15, r, member), b);
  }
  if (n >= p.rows) { return; }
  var results = array<mat4x4f, 16>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7, acc8, acc9, acc10, acc11, acc12, acc13, acc14, acc15);
  for (var r = 0u; r < min(16u, p.rows - n); r++) {
    for (var c = 0u; c < min(16u, max(p.out_features, o) - o); c++) { put(n + r, o + c, results[r][c / 4u][c % 4u]); }
  }
}

@compute @workgroup_size(4)
fn quads_narrow(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.out_features + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 16u;
  let o = (index % tiles) * 16u + member * 4u;
  let os = four_rows(o);
  let base = os * p.code_words;
  let n0 = row_of(n + 0u);
  let n1 = row_of(n + 1u);
  let n2 = row_of(n + 2u);
  let n3 = row_of(n + 3u);
  let n4 = row_of(n + 4u);
  let n5 = row_of(n + 5u);
  let n6 = row_of(n + 6u);
  let n7 = row_of(n + 7u);
  let n8 = row_of(n + 8u);
  let n9 = row_of(n + 9u);
  let n10 = row_of(n + 10u);
  let n11 = row_of(n + 11u);
  let n12 = row_of(n + 12u);
  let n13 = row_of(n + 13u);
  let n14 = row_of(n + 14u);
  let n15 = row_of(n + 15u);
  let x0 = n0 * p.in_features;
  let x1 = n1 * p.in_features;
  let x2 = n2 * p.in_features;
  let x3 = n3 * p.in_features;
  let x4 = n4 * p.in_features;
  let x5 = n5 * p.in_features;
  let x6 = n6 * p.in_features;
  let x7 = n7 * p.in_features;
  let x8 = n8 * p.in_features;
  let x9 = n9 * p.in_features;
  let x10 = n10 * p.in_features;
  let x11 = n11 * p.in_features;
  let x12 = n12 * p.in_features;
  let x13 = n13 * p.in_features;
  let x14 = n14 * p.in_features;
  let x15 = n15 * p.in_features;
  var acc0 = vec4f();
  var acc1 = vec4f();
  var acc2 = vec4f();
  var acc3 = vec4f();
  var acc4 = vec4f();
  var acc5 = vec4f();
  var acc6 = vec4f();
  var acc7 = vec4f();
  var acc8 = vec4f();
  var acc9 = vec4f();
  var acc10 = vec4f();
  var acc11 = vec4f();
  var acc12 = vec4f();
  var acc13 = vec4f();
  var acc14 = vec4f();
  var acc15 = vec4f();
  var oct = 0u;
  for (var start = 0u; start < p.in_features; start += 32u) {
    let scales = group_scales(os, start);
    for (var k = start; k < min(start + 32u, p.in_features); k += 8u) {
      let w = octs(base, oct, scales);
      acc0 = acc0 + x_spread(x0, k, member) * w.lo + x_spread(x0, k + 4u, member) * w.hi;
      acc1 = acc1 + x_spread(x1, k, member) * w.lo + x_spread(x1, k + 4u, member) * w.hi;
      acc2 = acc2 + x_spread(x2, k, member) * w.lo + x_spread(x2, k + 4u, member) * w.hi;
      acc3 = acc3 + x_spread(x3, k, member) * w.lo + x_spread(x3, k + 4u, member) * w.hi;
      acc4 = acc4 + x_spread(x4, k, member) * w.lo + x_spread(x4, k + 4u, member) * w.hi;
      acc5 = acc5 + x_spread(x5, k, member) * w.lo + x_spread(x5, k + 4u, member) * w.hi;
      acc6 = acc6 + x_spread(x6, k, member) * w.lo + x_spread(x6, k + 4u, member) * w.hi;
      acc7 = acc7 + x_spread(x7, k, member) * w.lo + x_spread(x7, k + 4u, member) * w.hi;
      acc8 = acc8 + x_spread(x8, k, member) * w.lo + x_spread(x8, k + 4u, member) * w.hi;
      acc9 = acc9 + x_spread(x9, k, member) * w.lo + x_spread(x9, k + 4u, member) * w.hi;
      acc10 = acc10 + x_spread(x10, k, member) * w.lo + x_spread(x10, k + 4u, member) * w.hi;
      acc11 = acc11 + x_spread(x11, k, member) * w.lo + x_spread(x11, k + 4u, member) * w.hi;
      acc12 = acc12 + x_spread(x12, k, member) * w.lo + x_spread(x12, k + 4u, member) * w.hi;
      acc13 = acc13 + x_spread(x13, k, member) * w.lo + x_spread(x13, k + 4u, member) * w.hi;
      acc14 = acc14 + x_spread(x14, k, member) * w.lo + x_spread(x14, k + 4u, member) * w.hi;
      acc15 = acc15 + x_spread(x15, k, member) * w.lo + x_spread(x15, k + 4u, member) * w.hi;
      oct++;
    }
  }
  for (var r = 0u; r < p.rank; r += 4u) {
    let b = b_quads(os, r);
    acc0 += h_spread(n0, r, member) * b;
    acc1 += h_spread(n1, r, member) * b;
    acc2 += h_spread(n2, r, member) * b;
    acc3 += h_spread(n3, r, member) * b;
    acc4 += h_spread(n4, r, member) * b;
    acc5 += h_spread(n5, r, member) * b;
    acc6 += h_spread(n6, r, member) * b;
    acc7 += h_spread(n7, r, member) * b;
    acc8 += h_spread(n8, r, member) * b;
    acc9 += h_spread(n9, r, member) * b;
    acc10 += h_spread(n10, r, member) * b;
    acc11 += h_spread(n11, r, member) * b;
    acc12 += h_spread(n12, r, member) * b;
    acc13 += h_spread(n13, r, member) * b;
    acc14 += h_spread(n14, r, member) * b;
    acc15 += h_spread(n15, r, member) * b;
  }
  if (n >= p.rows) { return; }
  var results = array<vec4f, 16>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7, acc8, acc9, acc10, acc11, acc12, acc13, acc14, acc15);
  for (var r = 0u; r < min(16u, p.rows - n); r++) {
    for (var c = 0u; c < min(4u, max(p.out_features, o) - o); c++) { put(n + r, o + c, results[r][c]); }
  }
}

@compute @workgroup_size(4)
fn quads_row(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.out_features + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = index / tiles;
  let o = (index % tiles) * 16u + member * 4u;
  let os = four_rows(o);
  let base = os * p.code_words;
  let row = row_of(n);
  let x0 = row * p.in_features;
  var acc = vec4f();
  var oct = 0u;
  for (var start = 0u; start < p.in_features; start += 32u) {
    let scales = group_scales(os, start);
    for (var k = start; k < min(start + 32u, p.in_features); k += 8u) {
      let w = octs(base, oct, scales);
      acc = acc + x_spread(x0, k, member) * w.lo + x_spread(x0, k + 4u, member) * w.hi;
      oct++;
    }
  }
  for (var r = 0u; r < p.rank; r += 4u) { acc += h_spread(row, r, member) * b_quads(os, r); }
  if (n >= p.rows) { return; }
  for (var c = 0u; c < min(4u, max(p.out_features, o) - o); c++) { put(n, o + c, acc[c]); }
}
