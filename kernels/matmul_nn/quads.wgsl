enable subgroups;
// The quads of matmul_nn, for software adapters with subgroups of four; joined before matmul_nn.wgsl and its parts.
//   quads         a quad computes 16 rows x 64 columns, each invocation 16 of the columns
//   quads_narrow  a quad computes 16 rows x 16 columns, each invocation 4 of them: dh = dy B
// Each invocation loads a quarter of dy and of dh and hands it round. The order of additions is that of serial. No
// invocation returns early, as all four must take part in what is handed round.

/** dy[n, o .. o+3] times alpha with zeros past O, of which this invocation loads one. */
fn dy_spread(row: u32, o: u32, member: u32) -> vec4f {
  let at = o + member;
  return spread(select(0.0, p.alpha * dy[row + min(at, p.out_features - 1u)], at < p.out_features));
}

fn dh_spread(n: u32, r: u32, member: u32) -> vec4f {
  let at = r + member;
  return spread(select(0.0, p.lora_scale * dh_at(n, min(at, p.rank - 1u)), at < p.rank));
}

/** Sixteen columns of four rows of W or of A. */
struct Wide { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f }

fn plus(acc: mat4x4f, v: vec4f, w: Wide) -> mat4x4f { return acc + v.x * w.a + v.y * w.b + v.z * w.c + v.w * w.d; }

fn plus_narrow(acc: vec4f, v: vec4f, w: mat4x4f) -> vec4f { return acc + v.x * w[0] + v.y * w[1] + v.z * w[2] + v.w * w[3]; }

/** Sixteen columns of row o of W, from the two octs at hand. */
fn w_row(o: u32, group: u32, oct: vec2u) -> mat4x4f {
  let row = min(o, p.out_features - 1u);
  let scale = scale_of(row, group);
  let first = weight_oct(row * p.code_words, oct.x, scale);
  let second = weight_oct(row * p.code_words, oct.y, scale);
  return mat4x4f(first.lo, first.hi, second.lo, second.hi);
}

fn a_row(r: u32, i: u32) -> mat4x4f {
  let row = min(r, p.rank - 1u);
  return mat4x4f(a_quad(row, i), a_quad(row, i + 4u), a_quad(row, i + 8u), a_quad(row, i + 12u));
}

fn w_narrow(o: u32, i: u32, group: u32) -> vec4f {
  let row = min(o, p.out_features - 1u);
  return w_quad(row, i, scale_of(row, group));
}

fn row_of(n: u32) -> u32 { return min(n, p.rows - 1u); }
fn dy_row(n: u32) -> u32 { return n * p.dy_stride + p.dy_offset; }

@compute @workgroup_size(4)
fn quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.in_features + 63u) / 64u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 16u;
  let i = (index % tiles) * 64u + member * 16u;
  let group = min(i, p.in_features - 1u) / 32u;
  let oct = min(vec2u(i / 8u, i / 8u + 1u), vec2u((p.in_features - 1u) / 8u));
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
  let dy0 = dy_row(n0);
  let dy1 = dy_row(n1);
  let dy2 = dy_row(n2);
  let dy3 = dy_row(n3);
  let dy4 = dy_row(n4);
  let dy5 = dy_row(n5);
  let dy6 = dy_row(n6);
  let dy7 = dy_row(n7);
  let dy8 = dy_row(n8);
  let dy9 = dy_row(n9);
  let dy10 = dy_row(n10);
  let dy11 = dy_row(n11);
  let dy12 = dy_row(n12);
  let dy13 = dy_row(n13);
  let dy14 = dy_row(n14);
  let dy15 = dy_row(n15);
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
  for (var o = 0u; o < p.out_features; o += 4u) {
    let w = Wide(w_row(o, group, oct), w_row(o + 1u, group, oct), w_row(o + 2u, group, oct), w_row(o + 3u, group, oct));
    acc0 = plus(acc0, dy_spread(dy0, o, member), w);
    acc1 = plus(acc1, dy_spread(dy1, o, member), w);
    acc2 = plus(acc2, dy_spread(dy2, o, member), w);
    acc3 = plus(acc3, dy_spread(dy3, o, member), w);
    acc4 = plus(acc4, dy_spread(dy4, o, member), w);
    acc5 = plus(acc5, dy_spread(dy5, o, member), w);
    acc6 = plus(acc6, dy_spread(dy6, o, member), w);
    acc7 = plus(acc7, dy_spread(dy7, o, member), w);
    acc8 = plus(acc8, dy_spread(dy8, o, member), w);
    acc9 = plus(acc9, dy_spread(dy9, o, member), w);
    acc10 = plus(acc10, dy_spread(dy10, o, member), w);
    acc11 = plus(acc11, dy_spread(dy11, o, member), w);
    acc12 = plus(acc12, dy_spread(dy12, o, member), w);
    acc13 = plus(acc13, dy_spread(dy13, o, member), w);
    acc14 = plus(acc14, dy_spread(dy14, o, member), w);
    acc15 = plus(acc15, dy_spread(dy15, o, member), w);
  }
  for (var r = 0u; r < p.rank; r += 4u) {
    let a = Wide(a_row(r, i), a_row(r + 1u, i), a_row(r + 2u, i), a_row(r + 3u, i));
    acc0 = plus(acc0, dh_spread(n0, r, member), a);
    acc1 = plus(acc1, dh_spread(n1, r, member), a);
    acc2 = plus(acc2, dh_spread(n2, r, member), a);
    acc3 = plus(acc3, dh_spread(n3, r, member), a);
    acc4 = plus(acc4, dh_spread(n4, r, member), a);
    acc5 = plus(acc5, dh_spread(n5, r, member), a);
    acc6 = plus(acc6, dh_spread(n6, r, member), a);
    acc7 = plus(acc7, dh_spread(n7, r, member), a);
    acc8 = plus(acc8, dh_spread(n8, r, member), a);
    acc9 = plus(acc9, dh_spread(n9, r, member), a);
    acc10 = plus(acc10, dh_spread(n10, r, member), a);
    acc11 = plus(acc11, dh_spread(n11, r, member), a);
    acc12 = plus(acc12, dh_spread(n12, r, member), a);
    acc13 = plus(acc13, dh_spread(n13, r, member), a);
    acc14 = plus(acc14, dh_spread(n14, r, member), a);
    acc15 = plus(acc15, dh_spread(n15, r, member), a);
  }
  if (n >= p.rows) { return; }
  var results = array<mat4x4f, 16>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7, acc8, acc9, acc10, acc11, acc12, acc13, acc14, acc15);
  for (var r = 0u; r < min(16u, p.rows - n); r++) {
    for (var c = 0u; c < min(16u, max(p.in_features, i) - i); c++) { put(n + r, i + c, results[r][c / 4u][c % 4u]); }
  }
}

@compute @workgroup_size(4)
fn quads_narrow(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.in_features + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 16u;
  let i = (index % tiles) * 16u + member * 4u;
  let group = min(i, p.in_features - 1u) / 32u;
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
  let dy0 = dy_row(n0);
  let dy1 = dy_row(n1);
  let dy2 = dy_row(n2);
  let dy3 = dy_row(n3);
  let dy4 = dy_row(n4);
  let dy5 = dy_row(n5);
  let dy6 = dy_row(n6);
  let dy7 = dy_row(n7);
  let dy8 = dy_row(n8);
  let dy9 = dy_row(n9);
  let dy10 = dy_row(n10);
  let dy11 = dy_row(n11);
  let dy12 = dy_row(n12);
  let dy13 = dy_row(n13);
  let dy14 = dy_row(n14);
  let dy15 = dy_row(n15);
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
  for (var o = 0u; o < p.out_features; o += 4u) {
    let w = mat4x4f(w_narrow(o, i, group), w_narrow(o + 1u, i, group), w_narrow(o + 2u, i, group), w_narrow(o + 3u, i, group));
    acc0 = plus_narrow(acc0, dy_spread(dy0, o, member), w);
    acc1 = plus_narrow(acc1, dy_spread(dy1, o, member), w);
    acc2 = plus_narrow(acc2, dy_spread(dy2, o, member), w);
    acc3 = plus_narrow(acc3, dy_spread(dy3, o, member), w);
    acc4 = plus_narrow(acc4, dy_spread(dy4, o, member), w);
    acc5 = plus_narrow(acc5, dy_spread(dy5, o, member), w);
    acc6 = plus_narrow(acc6, dy_spread(dy6, o, member), w);
    acc7 = plus_narrow(acc7, dy_spread(dy7, o, member), w);
    acc8 = plus_narrow(acc8, dy_spread(dy8, o, member), w);
    acc9 = plus_narrow(acc9, dy_spread(dy9, o, member), w);
    acc10 = plus_narrow(acc10, dy_spread(dy10, o, member), w);
    acc11 = plus_narrow(acc11, dy_spread(dy11, o, member), w);
    acc12 = plus_narrow(acc12, dy_spread(dy12, o, member), w);
    acc13 = plus_narrow(acc13, dy_spread(dy13, o, member), w);
    acc14 = plus_narrow(acc14, dy_spread(dy14, o, member), w);
    acc15 = plus_narrow(acc15, dy_spread(dy15, o, member), w);
  }
  for (var r = 0u; r < p.rank; r += 4u) {
    let a = mat4x4f(a_quad(r, i), a_quad(min(r + 1u, p.rank - 1u), i), a_quad(min(r + 2u, p.rank - 1u), i), a_quad(min(r + 3u, p.rank - 1u), i));
    acc0 = plus_narrow(acc0, dh_spread(n0, r, member), a);
    acc1 = plus_narrow(acc1, dh_spread(n1, r, member), a);
    acc2 = plus_narrow(acc2, dh_spread(n2, r, member), a);
    acc3 = plus_narrow(acc3, dh_spread(n3, r, member), a);
    acc4 = plus_narrow(acc4, dh_spread(n4, r, member), a);
    acc5 = plus_narrow(acc5, dh_spread(n5, r, member), a);
    acc6 = plus_narrow(acc6, dh_spread(n6, r, member), a);
    acc7 = plus_narrow(acc7, dh_spread(n7, r, member), a);
    acc8 = plus_narrow(acc8, dh_spread(n8, r, member), a);
    acc9 = plus_narrow(acc9, dh_spread(n9, r, member), a);
    acc10 = plus_narrow(acc10, dh_spread(n10, r, member), a);
    acc11 = plus_narrow(acc11, dh_spread(n11, r, member), a);
    acc12 = plus_narrow(acc12, dh_spread(n12, r, member), a);
    acc13 = plus_narrow(acc13, dh_spread(n13, r, member), a);
    acc14 = plus_narrow(acc14, dh_spread(n14, r, member), a);
    acc15 = plus_narrow(acc15, dh_spread(n15, r, member), a);
  }
  if (n >= p.rows) { return; }
  var results = array<vec4f, 16>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7, acc8, acc9, acc10, acc11, acc12, acc13, acc14, acc15);
  for (var r = 0u; r < min(16u, p.rows - n); r++) {
    for (var c = 0u; c < min(4u, max(p.in_features, i) - i); c++) { put(n + r, i + c, results[r][c]); }
  }
}
