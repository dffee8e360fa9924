enable subgroups;
// The quads of matmul_tn, for software adapters with subgroups of four; joined before matmul_tn.wgsl. A quad computes 32 of
// the longer side of g by 16 of the shorter, such as the rank; each invocation has 4 of the 16, and loads a quarter of
// the 32 and broadcasts it. No invocation returns early.
// The longer side is bound as a: where that is b, p.swapped is 1, a and b are exchanged, and g is written by columns.

fn a_row(n: u32) -> u32 { return n * p.a_stride + p.a_offset; }

/** Column `at` of this invocation, then those of the other three. */
fn a_broadcast(n: u32, at: u32) -> vec4f { return quad_broadcast(a[a_row(n) + at]); }

/** Of four rows from n on: columns of the matrix are columns of a. */
fn a_four(n: u32, at: u32) -> mat4x4f {
  return transpose(mat4x4f(a_broadcast(n, at), a_broadcast(n + 1u, at), a_broadcast(n + 2u, at), a_broadcast(n + 3u, at)));
}

fn outer(four: vec4f, values: vec4f) -> mat4x4f { return mat4x4f(four.x * values, four.y * values, four.z * values, four.w * values); }

@compute @workgroup_size(4)
fn quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let tiles = (p.q_len + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let long = (index / tiles) * 32u;
  let short = (index % tiles) * 16u + member * 4u;
  let last = p.p_len - 1u;
  @repeat(8) let at$i = min(long + 4u * $iu + member, last);
  var acc = array<mat4x4f, 8>();
  // Four rows a step, whose products are added up before they go to a sum: sums are in memory.
  let fours = p.rows & ~3u;
  for (var n = 0u; n < fours; n += 4u) {
    let v = mat4x4f(b_quad(n, short), b_quad(n + 1u, short), b_quad(n + 2u, short), b_quad(n + 3u, short));
    @repeat(8) acc[$i] += v * a_four(n, at$i);
  }
  for (var n = fours; n < p.rows; n++) {
    let v = b_quad(n, short);
    @repeat(8) acc[$i] += outer(a_broadcast(n, at$i), v);
  }
  if (long > last) { return; }
  for (var l = 0u; l < min(32u, last + 1u - long); l++) {
    for (var s = 0u; s < min(4u, max(p.q_len, short) - short); s++) {
      let value = acc[l / 4u][l % 4u][s];
      if (p.swapped == 1u) { store(short + s, long + l, value); } else { store(long + l, short + s, value); }
    }
  }
}
