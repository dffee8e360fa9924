enable subgroups;
// The quads of matmul_nt, for software adapters with subgroups of four; joined before matmul_nt.wgsl and its parts.
//   quads         a quad computes 16 rows x 64 columns, each invocation 16 of the columns
//   quads_eight   a quad computes 8 rows x 96 columns, each invocation 24 of the columns: decoding several sequences at once
//   quads_narrow  a quad computes 16 rows x 16 columns, each invocation 4 of them: h = x A^T
//   quads_row     a quad computes 1 row x 16 columns, each invocation 4 of them: decoding
//   quads_narrow_row  the same in the order of quads_narrow
// Each invocation loads a quarter of x and of h and hands it round. The order of additions is that of serial and serial_row,
// but for quads_narrow and quads_narrow_row, which add one product at a time. No invocation returns early, as all four must take part in what is
// handed round. Sums are an array that is read by a variable index: SwiftShader keeps it in memory, which it compiles in two
// thirds of the time and runs as fast.

/** x[n, k .. k+3] times alpha with zeros past I, of which this invocation loads one. */
fn x_broadcast(row: u32, k: u32, member: u32) -> vec4f {
  let at = k + member;
  return quad_broadcast(select(0.0, p.alpha * x[row + min(at, p.in_features - 1u)], at < p.in_features));
}

/** h[n .. n+3, r] times lora_scale, of which this invocation loads one. */
fn h_spread(n: u32, r: u32, member: u32) -> vec4f { return quad_broadcast(p.lora_scale * h_at(row_of(n + member), r)); }

/** Eight columns of four rows of W. */
struct Vec8Rows { lo: mat4x4f, hi: mat4x4f }

fn unpack8_rows(bases: vec4u, block8: u32, scales: mat4x2f) -> Vec8Rows {
  let a = weight_unpack8(bases.x, block8, scales[0]);
  let b = weight_unpack8(bases.y, block8, scales[1]);
  let c = weight_unpack8(bases.z, block8, scales[2]);
  let d = weight_unpack8(bases.w, block8, scales[3]);
  return Vec8Rows(mat4x4f(a.lo, b.lo, c.lo, d.lo), mat4x4f(a.hi, b.hi, c.hi, d.hi));
}

fn x_step(acc: mat4x4f, row: u32, k: u32, member: u32, lo: Wide, hi: Wide) -> mat4x4f {
  return acc + times(x_broadcast(row, k, member), lo) + times(x_broadcast(row, k + 4u, member), hi);
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
  let x0 = row_of(n + 0u) * p.in_features;
  let x1 = row_of(n + 1u) * p.in_features;
  let x2 = row_of(n + 2u) * p.in_features;
  let x3 = row_of(n + 3u) * p.in_features;
  let x4 = row_of(n + 4u) * p.in_features;
  let x5 = row_of(n + 5u) * p.in_features;
  let x6 = row_of(n + 6u) * p.in_features;
  let x7 = row_of(n + 7u) * p.in_features;
  let x8 = row_of(n + 8u) * p.in_features;
  let x9 = row_of(n + 9u) * p.in_features;
  let x10 = row_of(n + 10u) * p.in_features;
  let x11 = row_of(n + 11u) * p.in_features;
  let x12 = row_of(n + 12u) * p.in_features;
  let x13 = row_of(n + 13u) * p.in_features;
  let x14 = row_of(n + 14u) * p.in_features;
  let x15 = row_of(n + 15u) * p.in_features;
  var acc = array<mat4x4f, 16>();
  var block8 = 0u;
  for (var start = 0u; start < p.in_features; start += 32u) {
    let sa = group_scales(oa, start);
    let sb = group_scales(ob, start);
    let sc = group_scales(oc, start);
    let sd = group_scales(od, start);
    for (var k = start; k < min(start + 32u, p.in_features); k += 8u) {
      let wa = unpack8_rows(base_a, block8, sa);
      let wb = unpack8_rows(base_b, block8, sb);
      let wc = unpack8_rows(base_c, block8, sc);
      let wd = unpack8_rows(base_d, block8, sd);
      let lo = Wide(wa.lo, wb.lo, wc.lo, wd.lo);
      let hi = Wide(wa.hi, wb.hi, wc.hi, wd.hi);
      acc[0] = x_step(acc[0], x0, k, member, lo, hi);
      acc[1] = x_step(acc[1], x1, k, member, lo, hi);
      acc[2] = x_step(acc[2], x2, k, member, lo, hi);
      acc[3] = x_step(acc[3], x3, k, member, lo, hi);
      acc[4] = x_step(acc[4], x4, k, member, lo, hi);
      acc[5] = x_step(acc[5], x5, k, member, lo, hi);
      acc[6] = x_step(acc[6], x6, k, member, lo, hi);
      acc[7] = x_step(acc[7], x7, k, member, lo, hi);
      acc[8] = x_step(acc[8], x8, k, member, lo, hi);
      acc[9] = x_step(acc[9], x9, k, member, lo, hi);
      acc[10] = x_step(acc[10], x10, k, member, lo, hi);
      acc[11] = x_step(acc[11], x11, k, member, lo, hi);
      acc[12] = x_step(acc[12], x12, k, member, lo, hi);
      acc[13] = x_step(acc[13], x13, k, member, lo, hi);
      acc[14] = x_step(acc[14], x14, k, member, lo, hi);
      acc[15] = x_step(acc[15], x15, k, member, lo, hi);
      block8++;
    }
  }
  for (var r = 0u; r < p.rank; r++) {
    let b = mat4x4f(b_four(oa, r), b_four(ob, r), b_four(oc, r), b_four(od, r));
    let ha = h_spread(n + 0u, r, member);
    let hb = h_spread(n + 4u, r, member);
    let hc = h_spread(n + 8u, r, member);
    let hd = h_spread(n + 12u, r, member);
    acc[0] += ha.x * b;
    acc[1] += ha.y * b;
    acc[2] += ha.z * b;
    acc[3] += ha.w * b;
    acc[4] += hb.x * b;
    acc[5] += hb.y * b;
    acc[6] += hb.z * b;
    acc[7] += hb.w * b;
    acc[8] += hc.x * b;
    acc[9] += hc.y * b;
    acc[10] += hc.z * b;
    acc[11] += hc.w * b;
    acc[12] += hd.x * b;
    acc[13] += hd.y * b;
    acc[14] += hd.z * b;
    acc[15] += hd.w * b;
  }
  if (n >= p.rows) { return; }
  for (var r = 0u; r < min(16u, p.rows - n); r++) {
    for (var c = 0u; c < min(16u, max(p.out_features, o) - o); c++) { store(n + r, o + c, acc[r][c / 4u][c % 4u]); }
  }
}

@compute @workgroup_size(4)
fn quads_eight(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.out_features + 95u) / 96u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 8u;
  let o = (index % tiles) * 96u + member * 24u;
  let oa = four_rows(o + 0u);
  let ob = four_rows(o + 4u);
  let oc = four_rows(o + 8u);
  let od = four_rows(o + 12u);
  let oa2 = four_rows(o + 16u);
  let ob2 = four_rows(o + 20u);
  let base_a = oa * p.code_words;
  let base_b = ob * p.code_words;
  let base_c = oc * p.code_words;
  let base_d = od * p.code_words;
  let base_a2 = oa2 * p.code_words;
  let base_b2 = ob2 * p.code_words;
  let x0 = row_of(n + 0u) * p.in_features;
  let x1 = row_of(n + 1u) * p.in_features;
  let x2 = row_of(n + 2u) * p.in_features;
  let x3 = row_of(n + 3u) * p.in_features;
  let x4 = row_of(n + 4u) * p.in_features;
  let x5 = row_of(n + 5u) * p.in_features;
  let x6 = row_of(n + 6u) * p.in_features;
  let x7 = row_of(n + 7u) * p.in_features;
  var acc = array<mat4x4f, 8>();
  var rest = array<mat2x4f, 8>();
  var block8 = 0u;
  for (var start = 0u; start < p.in_features; start += 32u) {
    let sa = group_scales(oa, start);
    let sb = group_scales(ob, start);
    let sc = group_scales(oc, start);
    let sd = group_scales(od, start);
    let sa2 = group_scales(oa2, start);
    let sb2 = group_scales(ob2, start);
    for (var k = start; k < min(start + 32u, p.in_features); k += 8u) {
      let wa = unpack8_rows(base_a, block8, sa);
      let wb = unpack8_rows(base_b, block8, sb);
      let wc = unpack8_rows(base_c, block8, sc);
      let wd = unpack8_rows(base_d, block8, sd);
      let wa2 = unpack8_rows(base_a2, block8, sa2);
      let wb2 = unpack8_rows(base_b2, block8, sb2);
      let lo = Wide(wa.lo, wb.lo, wc.lo, wd.lo);
      let hi = Wide(wa.hi, wb.hi, wc.hi, wd.hi);
      let v0 = x_broadcast(x0, k, member);
      let u0 = x_broadcast(x0, k + 4u, member);
      acc[0] = acc[0] + times(v0, lo) + times(u0, hi);
      rest[0] = rest[0] + mat2x4f(v0 * wa2.lo, v0 * wb2.lo) + mat2x4f(u0 * wa2.hi, u0 * wb2.hi);
      let v1 = x_broadcast(x1, k, member);
      let u1 = x_broadcast(x1, k + 4u, member);
      acc[1] = acc[1] + times(v1, lo) + times(u1, hi);
      rest[1] = rest[1] + mat2x4f(v1 * wa2.lo, v1 * wb2.lo) + mat2x4f(u1 * wa2.hi, u1 * wb2.hi);
      let v2 = x_broadcast(x2, k, member);
      let u2 = x_broadcast(x2, k + 4u, member);
      acc[2] = acc[2] + times(v2, lo) + times(u2, hi);
      rest[2] = rest[2] + mat2x4f(v2 * wa2.lo, v2 * wb2.lo) + mat2x4f(u2 * wa2.hi, u2 * wb2.hi);
      let v3 = x_broadcast(x3, k, member);
      let u3 = x_broadcast(x3, k + 4u, member);
      acc[3] = acc[3] + times(v3, lo) + times(u3, hi);
      rest[3] = rest[3] + mat2x4f(v3 * wa2.lo, v3 * wb2.lo) + mat2x4f(u3 * wa2.hi, u3 * wb2.hi);
      let v4 = x_broadcast(x4, k, member);
      let u4 = x_broadcast(x4, k + 4u, member);
      acc[4] = acc[4] + times(v4, lo) + times(u4, hi);
      rest[4] = rest[4] + mat2x4f(v4 * wa2.lo, v4 * wb2.lo) + mat2x4f(u4 * wa2.hi, u4 * wb2.hi);
      let v5 = x_broadcast(x5, k, member);
      let u5 = x_broadcast(x5, k + 4u, member);
      acc[5] = acc[5] + times(v5, lo) + times(u5, hi);
      rest[5] = rest[5] + mat2x4f(v5 * wa2.lo, v5 * wb2.lo) + mat2x4f(u5 * wa2.hi, u5 * wb2.hi);
      let v6 = x_broadcast(x6, k, member);
      let u6 = x_broadcast(x6, k + 4u, member);
      acc[6] = acc[6] + times(v6, lo) + times(u6, hi);
      rest[6] = rest[6] + mat2x4f(v6 * wa2.lo, v6 * wb2.lo) + mat2x4f(u6 * wa2.hi, u6 * wb2.hi);
      let v7 = x_broadcast(x7, k, member);
      let u7 = x_broadcast(x7, k + 4u, member);
      acc[7] = acc[7] + times(v7, lo) + times(u7, hi);
      rest[7] = rest[7] + mat2x4f(v7 * wa2.lo, v7 * wb2.lo) + mat2x4f(u7 * wa2.hi, u7 * wb2.hi);
      block8++;
    }
  }
  for (var r = 0u; r < p.rank; r++) {
    let b = mat4x4f(b_four(oa, r), b_four(ob, r), b_four(oc, r), b_four(od, r));
    let b2 = mat2x4f(b_four(oa2, r), b_four(ob2, r));
    let ha = h_spread(n + 0u, r, member);
    let hb = h_spread(n + 4u, r, member);
    acc[0] += ha.x * b;
    rest[0] += ha.x * b2;
    acc[1] += ha.y * b;
    rest[1] += ha.y * b2;
    acc[2] += ha.z * b;
    rest[2] += ha.z * b2;
    acc[3] += ha.w * b;
    rest[3] += ha.w * b2;
    acc[4] += hb.x * b;
    rest[4] += hb.x * b2;
    acc[5] += hb.y * b;
    rest[5] += hb.y * b2;
    acc[6] += hb.z * b;
    rest[6] += hb.z * b2;
    acc[7] += hb.w * b;
    rest[7] += hb.w * b2;
  }
  if (n >= p.rows) { return; }
  for (var r = 0u; r < min(8u, p.rows - n); r++) {
    for (var c = 0u; c < min(16u, max(p.out_features, o) - o); c++) { store(n + r, o + c, acc[r][c / 4u][c % 4u]); }
    for (var c = 16u; c < min(24u, max(p.out_features, o) - o); c++) { store(n + r, o + c, rest[r][c / 4u - 4u][c % 4u]); }
  }
}

@compute @workgroup_size(4)
fn quads_narrow(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.out_features + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 16u;
  let o = (index % tiles) * 16u + member * 4u;
  let os = four_rows(o);
  let xa = row_of(n + member) * p.in_features;
  let xb = row_of(n + 4u + member) * p.in_features;
  let xc = row_of(n + 8u + member) * p.in_features;
  let xd = row_of(n + 12u + member) * p.in_features;
  var acc = array<vec4f, 16>();
  for (var k = 0u; k < p.in_features; k++) {
    let w = vec4f(weight_at(os.x, k), weight_at(os.y, k), weight_at(os.z, k), weight_at(os.w, k));
    let va = quad_broadcast(p.alpha * x[xa + k]);
    let vb = quad_broadcast(p.alpha * x[xb + k]);
    let vc = quad_broadcast(p.alpha * x[xc + k]);
    let vd = quad_broadcast(p.alpha * x[xd + k]);
    acc[0] += va.x * w;
    acc[1] += va.y * w;
    acc[2] += va.z * w;
    acc[3] += va.w * w;
    acc[4] += vb.x * w;
    acc[5] += vb.y * w;
    acc[6] += vb.z * w;
    acc[7] += vb.w * w;
    acc[8] += vc.x * w;
    acc[9] += vc.y * w;
    acc[10] += vc.z * w;
    acc[11] += vc.w * w;
    acc[12] += vd.x * w;
    acc[13] += vd.y * w;
    acc[14] += vd.z * w;
    acc[15] += vd.w * w;
  }
  for (var r = 0u; r < p.rank; r++) {
    let b = b_four(os, r);
    let ha = h_spread(n + 0u, r, member);
    let hb = h_spread(n + 4u, r, member);
    let hc = h_spread(n + 8u, r, member);
    let hd = h_spread(n + 12u, r, member);
    acc[0] += ha.x * b;
    acc[1] += ha.y * b;
    acc[2] += ha.z * b;
    acc[3] += ha.w * b;
    acc[4] += hb.x * b;
    acc[5] += hb.y * b;
    acc[6] += hb.z * b;
    acc[7] += hb.w * b;
    acc[8] += hc.x * b;
    acc[9] += hc.y * b;
    acc[10] += hc.z * b;
    acc[11] += hc.w * b;
    acc[12] += hd.x * b;
    acc[13] += hd.y * b;
    acc[14] += hd.z * b;
    acc[15] += hd.w * b;
  }
  if (n >= p.rows) { return; }
  for (var r = 0u; r < min(16u, p.rows - n); r++) {
    for (var c = 0u; c < min(4u, max(p.out_features, o) - o); c++) { store(n + r, o + c, acc[r][c]); }
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
  var block8 = 0u;
  for (var start = 0u; start < p.in_features; start += 32u) {
    let scales = group_scales(os, start);
    for (var k = start; k < min(start + 32u, p.in_features); k += 8u) {
      let w = unpack8_rows(base, block8, scales);
      acc = acc + x_broadcast(x0, k, member) * w.lo + x_broadcast(x0, k + 4u, member) * w.hi;
      block8++;
    }
  }
  for (var r = 0u; r < p.rank; r++) { acc += p.lora_scale * h_at(row, r) * b_four(os, r); }
  if (n >= p.rows) { return; }
  for (var c = 0u; c < min(4u, max(p.out_features, o) - o); c++) { store(n, o + c, acc[c]); }
}

@compute @workgroup_size(4)
fn quads_narrow_row(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.out_features + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = index / tiles;
  let o = (index % tiles) * 16u + member * 4u;
  if (n >= p.rows) { return; }
  let os = four_rows(o);
  var acc = vec4f();
  for (var k = 0u; k < p.in_features; k++) {
    let w = vec4f(weight_at(os.x, k), weight_at(os.y, k), weight_at(os.z, k), weight_at(os.w, k));
    acc += p.alpha * x[n * p.in_features + k] * w;
  }
  for (var r = 0u; r < p.rank; r++) { acc += p.lora_scale * h_at(n, r) * b_four(os, r); }
  for (var c = 0u; c < min(4u, max(p.out_features, o) - o); c++) { store(n, o + c, acc[c]); }
}
