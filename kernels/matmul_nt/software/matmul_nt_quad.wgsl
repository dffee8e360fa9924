enable subgroups;
// The quads of matmul_nt, for software adapters with subgroups of four; joined before matmul_nt.wgsl and its parts.
//   quads         a quad computes 16 rows x 64 columns, each invocation 16 of the columns
//   quads_eight   a quad computes 8 rows x 96 columns, each invocation 24 of the columns: decoding several sequences at once
//   quads_narrow  a quad computes 16 rows x 16 columns, each invocation 4 of them: h = x A^T
//   quads_row     a quad computes 1 row x 16 columns, each invocation 4 of them: decoding
//   quads_narrow_row  the same in the order of quads_narrow
// Each invocation loads a quarter of x and of h and broadcasts it. The order of additions is that of serial and serial_row,
// but for quads_narrow and quads_narrow_row, which add one product at a time. No invocation returns early, as all four must
// take part in a broadcast. Accumulators are an array with a variable index. SwiftShader keeps it in memory,
// which compiles in two thirds of the time and runs as fast.

/** x[n, k .. k+3] times alpha with zeros past I, of which this invocation loads one. */
fn x_broadcast(row: u32, k: u32, member: u32) -> vec4f {
  let at = k + member;
  return quad_broadcast(select(0.0, p.alpha * x[row + min(at, p.in_features - 1u)], at < p.in_features));
}

/** h[n .. n+3, r] times lora_scale, of which this invocation loads one. */
fn h_broadcast(n: u32, r: u32, member: u32) -> vec4f { return quad_broadcast(p.lora_scale * h_at(row_of(n + member), r)); }

/** Eight columns of four rows of W. */
struct Vec8Rows { lo: mat4x4f, hi: mat4x4f }

fn unpack8_rows(bases: vec4u, block8: u32, scales: mat4x2f) -> Vec8Rows {
  @repeat(4) let $l = weight_unpack8(bases[$i], block8, scales[$i]);
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
  @repeat(4) let o$l = four_rows(o + 4u * $iu);
  @repeat(4) let base_$l = o$l * p.code_words;
  @repeat(16) let x$i = row_of(n + $iu) * p.in_features;
  var acc = array<mat4x4f, 16>();
  var block8 = 0u;
  for (var start = 0u; start < p.in_features; start += 32u) {
    @repeat(4) let s$l = group_scales(o$l, start);
    for (var k = start; k < min(start + 32u, p.in_features); k += 8u) {
      @repeat(4) let w$l = unpack8_rows(base_$l, block8, s$l);
      let lo = Wide(wa.lo, wb.lo, wc.lo, wd.lo);
      let hi = Wide(wa.hi, wb.hi, wc.hi, wd.hi);
      @repeat(16) acc[$i] = x_step(acc[$i], x$i, k, member, lo, hi);
      block8++;
    }
  }
  for (var r = 0u; r < p.rank; r++) {
    let b = mat4x4f(b_four(oa, r), b_four(ob, r), b_four(oc, r), b_four(od, r));
    @repeat(4) let h$i = h_broadcast(n + 4u * $iu, r, member);
    @repeat(16) acc[$i] += h$4[$m] * b;
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
  @repeat(4) let o$l = four_rows(o + 4u * $iu);
  let oa2 = four_rows(o + 16u);
  let ob2 = four_rows(o + 20u);
  @repeat(4) let base_$l = o$l * p.code_words;
  let base_a2 = oa2 * p.code_words;
  let base_b2 = ob2 * p.code_words;
  @repeat(8) let x$i = row_of(n + $iu) * p.in_features;
  var acc = array<mat4x4f, 8>();
  var rest = array<mat2x4f, 8>();
  var block8 = 0u;
  for (var start = 0u; start < p.in_features; start += 32u) {
    @repeat(4) let s$l = group_scales(o$l, start);
    let sa2 = group_scales(oa2, start);
    let sb2 = group_scales(ob2, start);
    for (var k = start; k < min(start + 32u, p.in_features); k += 8u) {
      @repeat(4) let w$l = unpack8_rows(base_$l, block8, s$l);
      let wa2 = unpack8_rows(base_a2, block8, sa2);
      let wb2 = unpack8_rows(base_b2, block8, sb2);
      let lo = Wide(wa.lo, wb.lo, wc.lo, wd.lo);
      let hi = Wide(wa.hi, wb.hi, wc.hi, wd.hi);
      @repeat(8) {
        let v = x_broadcast(x$i, k, member);
        let u = x_broadcast(x$i, k + 4u, member);
        acc[$i] = acc[$i] + times(v, lo) + times(u, hi);
        rest[$i] = rest[$i] + mat2x4f(v * wa2.lo, v * wb2.lo) + mat2x4f(u * wa2.hi, u * wb2.hi);
      }
      block8++;
    }
  }
  for (var r = 0u; r < p.rank; r++) {
    let b = mat4x4f(b_four(oa, r), b_four(ob, r), b_four(oc, r), b_four(od, r));
    let b2 = mat2x4f(b_four(oa2, r), b_four(ob2, r));
    @repeat(2) let h$i = h_broadcast(n + 4u * $iu, r, member);
    @repeat(8) {
      acc[$i] += h$4[$m] * b;
      rest[$i] += h$4[$m] * b2;
    }
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
  let x0 = row_of(n + member) * p.in_features;
  let x1 = row_of(n + 4u + member) * p.in_features;
  let x2 = row_of(n + 8u + member) * p.in_features;
  let x3 = row_of(n + 12u + member) * p.in_features;
  var acc = array<vec4f, 16>();
  for (var k = 0u; k < p.in_features; k++) {
    let w = vec4f(weight_at(os.x, k), weight_at(os.y, k), weight_at(os.z, k), weight_at(os.w, k));
    @repeat(4) let v$i = quad_broadcast(p.alpha * x[x$i + k]);
    @repeat(16) acc[$i] += v$4[$m] * w;
  }
  for (var r = 0u; r < p.rank; r++) {
    let b = b_four(os, r);
    @repeat(4) let h$i = h_broadcast(n + 4u * $iu, r, member);
    @repeat(16) acc[$i] += h$4[$m] * b;
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
