enable subgroups;
// The quads of matmul_tn, for software adapters with subgroups of four; joined before matmul_tn.wgsl. A quad computes 32 of
// the longer side of g by 16 of the shorter, such as the rank; each invocation has 4 of the 16. Of the 32 each loads a
// quarter and hands it round. Sums run in order of n, as in serial. No invocation returns early.
// The longer side is bound as a: where that is b, p.swapped is 1, a and b have changed places, and g is its columns.

fn a_row(n: u32) -> u32 { return n * p.a_stride + p.a_offset; }

/** Column `at` of this invocation, then those of the other three. */
fn a_spread(n: u32, at: u32) -> vec4f { return spread(a[a_row(n) + at]); }

fn outer(four: vec4f, values: vec4f) -> mat4x4f { return mat4x4f(four.x * values, four.y * values, four.z * values, four.w * values); }

@compute @workgroup_size(4)
fn quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.q_len + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let long = (index / tiles) * 32u;
  let short = (index % tiles) * 16u + member * 4u;
  let last = p.p_len - 1u;
  let at0 = min(long + 0u + member, last);
  let at1 = min(long + 4u + member, last);
  let at2 = min(long + 8u + member, last);
  let at3 = min(long + 12u + member, last);
  let at4 = min(long + 16u + member, last);
  let at5 = min(long + 20u + member, last);
  let at6 = min(long + 24u + member, last);
  let at7 = min(long + 28u + member, last);
  var acc0 = mat4x4f();
  var acc1 = mat4x4f();
  var acc2 = mat4x4f();
  var acc3 = mat4x4f();
  var acc4 = mat4x4f();
  var acc5 = mat4x4f();
  var acc6 = mat4x4f();
  var acc7 = mat4x4f();
  // Four rows a step: the sums are kept apart from memory in between.
  let fours = p.rows & ~3u;
  for (var n = 0u; n < fours; n += 4u) {
    let v0 = b_quad(n, short);
    let v1 = b_quad(n + 1u, short);
    let v2 = b_quad(n + 2u, short);
    let v3 = b_quad(n + 3u, short);
    acc0 = acc0 + outer(a_spread(n, at0), v0) + outer(a_spread(n + 1u, at0), v1) + outer(a_spread(n + 2u, at0), v2) + outer(a_spread(n + 3u, at0), v3);
    acc1 = acc1 + outer(a_spread(n, at1), v0) + outer(a_spread(n + 1u, at1), v1) + outer(a_spread(n + 2u, at1), v2) + outer(a_spread(n + 3u, at1), v3);
    acc2 = acc2 + outer(a_spread(n, at2), v0) + outer(a_spread(n + 1u, at2), v1) + outer(a_spread(n + 2u, at2), v2) + outer(a_spread(n + 3u, at2), v3);
    acc3 = acc3 + outer(a_spread(n, at3), v0) + outer(a_spread(n + 1u, at3), v1) + outer(a_spread(n + 2u, at3), v2) + outer(a_spread(n + 3u, at3), v3);
    acc4 = acc4 + outer(a_spread(n, at4), v0) + outer(a_spread(n + 1u, at4), v1) + outer(a_spread(n + 2u, at4), v2) + outer(a_spread(n + 3u, at4), v3);
    acc5 = acc5 + outer(a_spread(n, at5), v0) + outer(a_spread(n + 1u, at5), v1) + outer(a_spread(n + 2u, at5), v2) + outer(a_spread(n + 3u, at5), v3);
    acc6 = acc6 + outer(a_spread(n, at6), v0) + outer(a_spread(n + 1u, at6), v1) + outer(a_spread(n + 2u, at6), v2) + outer(a_spread(n + 3u, at6), v3);
    acc7 = acc7 + outer(a_spread(n, at7), v0) + outer(a_spread(n + 1u, at7), v1) + outer(a_spread(n + 2u, at7), v2) + outer(a_spread(n + 3u, at7), v3);
  }
  for (var n = fours; n < p.rows; n++) {
    let v = b_quad(n, short);
    acc0 += outer(a_spread(n, at0), v);
    acc1 += outer(a_spread(n, at1), v);
    acc2 += outer(a_spread(n, at2), v);
    acc3 += outer(a_spread(n, at3), v);
    acc4 += outer(a_spread(n, at4), v);
    acc5 += outer(a_spread(n, at5), v);
    acc6 += outer(a_spread(n, at6), v);
    acc7 += outer(a_spread(n, at7), v);
  }
  if (long > last) { return; }
  var results = array<mat4x4f, 8>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7);
  for (var l = 0u; l < min(32u, last + 1u - long); l++) {
    for (var s = 0u; s < min(4u, max(p.q_len, short) - short); s++) {
      let value = results[l / 4u][l % 4u][s];
      if (p.swapped == 1u) { put(short + s, long + l, value); } else { put(long + l, short + s, value); }
    }
  }
}
