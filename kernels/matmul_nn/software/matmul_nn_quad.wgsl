enable subgroups;
// The quads of matmul_nn, for software adapters with subgroups of four; joined before matmul_nn.wgsl and its parts.
//   quads         a quad computes 16 rows x 64 columns, each invocation 16 of the columns
//   quads_narrow  a quad computes 16 rows x 16 columns, each invocation 4 of them: dh = dy B
// Each invocation loads a quarter of dy and of dh and hands it round. No invocation returns early, as all four must take part
// in what is handed round. Sums are an array that is read by a variable index: SwiftShader keeps it in memory, which it
// compiles in two thirds of the time and runs as fast. So a sum takes four products at once.

/** dy[n, o .. o+3] times alpha with zeros past O, of which this invocation loads one. */
fn dy_spread(row: u32, o: u32, member: u32) -> vec4f {
  let at = o + member;
  return quad_broadcast(select(0.0, p.alpha * dy[row + min(at, p.out_features - 1u)], at < p.out_features));
}

/** dh[n .. n+3, r] times lora_scale, of which this invocation loads one. */
fn dh_spread(n: u32, r: u32, member: u32) -> vec4f { return quad_broadcast(p.lora_scale * dh_at(row_of(n + member), r)); }

/** Four steps of sixteen columns: a column of W in each column of the matrices. */
struct Wide { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f }

/** Of four rows of W. */
fn wide_of(w: mat4x4f, x: mat4x4f, y: mat4x4f, z: mat4x4f) -> Wide {
  return Wide(
    transpose(mat4x4f(w[0], x[0], y[0], z[0])),
    transpose(mat4x4f(w[1], x[1], y[1], z[1])),
    transpose(mat4x4f(w[2], x[2], y[2], z[2])),
    transpose(mat4x4f(w[3], x[3], y[3], z[3])),
  );
}

fn times(v: vec4f, w: Wide) -> mat4x4f { return mat4x4f(v * w.a, v * w.b, v * w.c, v * w.d); }

/** Sixteen columns of row o of W, from the two unpacked groups of eight. */
fn w_row(o: u32, group: u32, block8: vec2u) -> mat4x4f {
  let row = min(o, p.out_features - 1u);
  let scale = scale_of(row, group);
  let first = weight_unpack8(row * p.code_words, block8.x, scale);
  let second = weight_unpack8(row * p.code_words, block8.y, scale);
  return mat4x4f(first.lo, first.hi, second.lo, second.hi);
}

fn a_row(r: u32, i: u32) -> mat4x4f { return mat4x4f(a_quad(r, i), a_quad(r, i + 4u), a_quad(r, i + 8u), a_quad(r, i + 12u)); }

fn row_of(n: u32) -> u32 { return min(n, p.rows - 1u); }
fn dy_row(n: u32) -> u32 { return n * p.dy_stride + p.dy_offset; }

@compute @workgroup_size(4)
fn quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.in_features + 63u) / 64u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 16u;
  let i = (index % tiles) * 64u + member * 16u;
  let group = min(i, p.in_features - 1u) / 32u;
  let block8 = min(vec2u(i / 8u, i / 8u + 1u), vec2u((p.in_features - 1u) / 8u));
  let dy0 = dy_row(row_of(n + 0u));
  let dy1 = dy_row(row_of(n + 1u));
  let dy2 = dy_row(row_of(n + 2u));
  let dy3 = dy_row(row_of(n + 3u));
  let dy4 = dy_row(row_of(n + 4u));
  let dy5 = dy_row(row_of(n + 5u));
  let dy6 = dy_row(row_of(n + 6u));
  let dy7 = dy_row(row_of(n + 7u));
  let dy8 = dy_row(row_of(n + 8u));
  let dy9 = dy_row(row_of(n + 9u));
  let dy10 = dy_row(row_of(n + 10u));
  let dy11 = dy_row(row_of(n + 11u));
  let dy12 = dy_row(row_of(n + 12u));
  let dy13 = dy_row(row_of(n + 13u));
  let dy14 = dy_row(row_of(n + 14u));
  let dy15 = dy_row(row_of(n + 15u));
  var acc = array<mat4x4f, 16>();
  for (var o = 0u; o < p.out_features; o += 4u) {
    let w = wide_of(w_row(o, group, block8), w_row(o + 1u, group, block8), w_row(o + 2u, group, block8), w_row(o + 3u, group, block8));
    acc[0] += times(dy_spread(dy0, o, member), w);
    acc[1] += times(dy_spread(dy1, o, member), w);
    acc[2] += times(dy_spread(dy2, o, member), w);
    acc[3] += times(dy_spread(dy3, o, member), w);
    acc[4] += times(dy_spread(dy4, o, member), w);
    acc[5] += times(dy_spread(dy5, o, member), w);
    acc[6] += times(dy_spread(dy6, o, member), w);
    acc[7] += times(dy_spread(dy7, o, member), w);
    acc[8] += times(dy_spread(dy8, o, member), w);
    acc[9] += times(dy_spread(dy9, o, member), w);
    acc[10] += times(dy_spread(dy10, o, member), w);
    acc[11] += times(dy_spread(dy11, o, member), w);
    acc[12] += times(dy_spread(dy12, o, member), w);
    acc[13] += times(dy_spread(dy13, o, member), w);
    acc[14] += times(dy_spread(dy14, o, member), w);
    acc[15] += times(dy_spread(dy15, o, member), w);
  }
  for (var r = 0u; r < p.rank; r++) {
    let a = a_row(r, i);
    let va = dh_spread(n + 0u, r, member);
    let vb = dh_spread(n + 4u, r, member);
    let vc = dh_spread(n + 8u, r, member);
    let vd = dh_spread(n + 12u, r, member);
    acc[0] += va.x * a;
    acc[1] += va.y * a;
    acc[2] += va.z * a;
    acc[3] += va.w * a;
    acc[4] += vb.x * a;
    acc[5] += vb.y * a;
    acc[6] += vb.z * a;
    acc[7] += vb.w * a;
    acc[8] += vc.x * a;
    acc[9] += vc.y * a;
    acc[10] += vc.z * a;
    acc[11] += vc.w * a;
    acc[12] += vd.x * a;
    acc[13] += vd.y * a;
    acc[14] += vd.z * a;
    acc[15] += vd.w * a;
  }
  if (n >= p.rows) { return; }
  for (var r = 0u; r < min(16u, p.rows - n); r++) {
    for (var c = 0u; c < min(16u, max(p.in_features, i) - i); c++) { store(n + r, i + c, acc[r][c / 4u][c % 4u]); }
  }
}

@compute @workgroup_size(4)
fn quads_narrow(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.in_features + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 16u;
  let i = (index % tiles) * 16u + member * 4u;
  let group = min(i, p.in_features - 1u) / 32u;
  let dya = dy_row(row_of(n + member));
  let dyb = dy_row(row_of(n + 4u + member));
  let dyc = dy_row(row_of(n + 8u + member));
  let dyd = dy_row(row_of(n + 12u + member));
  var acc = array<vec4f, 16>();
  for (var o = 0u; o < p.out_features; o++) {
    let w = w_quad(o, i, scale_of(o, group));
    let va = quad_broadcast(p.alpha * dy[dya + o]);
    let vb = quad_broadcast(p.alpha * dy[dyb + o]);
    let vc = quad_broadcast(p.alpha * dy[dyc + o]);
    let vd = quad_broadcast(p.alpha * dy[dyd + o]);
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
    let a = a_quad(r, i);
    let va = dh_spread(n + 0u, r, member);
    let vb = dh_spread(n + 4u, r, member);
    let vc = dh_spread(n + 8u, r, member);
    let vd = dh_spread(n + 12u, r, member);
    acc[0] += va.x * a;
    acc[1] += va.y * a;
    acc[2] += va.z * a;
    acc[3] += va.w * a;
    acc[4] += vb.x * a;
    acc[5] += vb.y * a;
    acc[6] += vb.z * a;
    acc[7] += vb.w * a;
    acc[8] += vc.x * a;
    acc[9] += vc.y * a;
    acc[10] += vc.z * a;
    acc[11] += vc.w * a;
    acc[12] += vd.x * a;
    acc[13] += vd.y * a;
    acc[14] += vd.z * a;
    acc[15] += vd.w * a;
  }
  if (n >= p.rows) { return; }
  for (var r = 0u; r < min(16u, p.rows - n); r++) {
    for (var c = 0u; c < min(4u, max(p.in_features, i) - i); c++) { store(n + r, i + c, acc[r][c]); }
  }
}
