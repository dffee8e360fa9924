enable subgroups;
// The quads of matmul_nn, for software adapters with subgroups of four; joined before matmul_nn.wgsl and its parts.
//   quads         a quad computes 16 rows x 64 columns, each invocation 16 of the columns
//   quads_narrow  a quad computes 16 rows x 16 columns, each invocation 4 of them: dh = dy B
// Each invocation loads a quarter of dy and of dh and broadcasts it. No invocation returns early, as all four must take part
// in a broadcast. Accumulators are an array with a variable index. SwiftShader keeps it in memory, which compiles
// in two thirds of the time and runs as fast. Four products are added up before they are added to an accumulator.

/** dy[n, o .. o+3] times alpha with zeros past O, of which this invocation loads one. */
fn dy_broadcast(row: u32, o: u32, member: u32) -> vec4f {
  let at = o + member;
  return quad_broadcast(select(0.0, p.alpha * dy[row + min(at, p.out_features - 1u)], at < p.out_features));
}

/** dh[n .. n+3, r] times lora_scale, of which this invocation loads one. */
fn dh_broadcast(n: u32, r: u32, member: u32) -> vec4f { return quad_broadcast(p.lora_scale * dh_at(row_of(n + member), r)); }

/** Four steps of sixteen columns: a column of W in each column of the matrices. */
struct Wide { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f }

/** Of four rows of W. */
fn wide_of(w: mat4x4f, x: mat4x4f, y: mat4x4f, z: mat4x4f) -> Wide {
  return Wide(
    @repeat(4) transpose(mat4x4f(w[$i], x[$i], y[$i], z[$i])),
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
  @repeat(16) let dy$i = dy_row(row_of(n + $iu));
  var acc = array<mat4x4f, 16>();
  for (var o = 0u; o < p.out_features; o += 4u) {
    let w = wide_of(w_row(o, group, block8), w_row(o + 1u, group, block8), w_row(o + 2u, group, block8), w_row(o + 3u, group, block8));
    @repeat(16) acc[$i] += times(dy_broadcast(dy$i, o, member), w);
  }
  for (var r = 0u; r < p.rank; r++) {
    let a = a_row(r, i);
    @repeat(4) let v$i = dh_broadcast(n + 4u * $iu, r, member);
    @repeat(16) acc[$i] += v$4[$m] * a;
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
  let dy0 = dy_row(row_of(n + member));
  let dy1 = dy_row(row_of(n + 4u + member));
  let dy2 = dy_row(row_of(n + 8u + member));
  let dy3 = dy_row(row_of(n + 12u + member));
  var acc = array<vec4f, 16>();
  for (var o = 0u; o < p.out_features; o++) {
    let w = w_quad(o, i, scale_of(o, group));
    @repeat(4) let v$i = quad_broadcast(p.alpha * dy[dy$i + o]);
    @repeat(16) acc[$i] += v$4[$m] * w;
  }
  for (var r = 0u; r < p.rank; r++) {
    let a = a_quad(r, i);
    @repeat(4) let v$i = dh_broadcast(n + 4u * $iu, r, member);
    @repeat(16) acc[$i] += v$4[$m] * a;
  }
  if (n >= p.rows) { return; }
  for (var r = 0u; r < min(16u, p.rows - n); r++) {
    for (var c = 0u; c < min(4u, max(p.in_features, i) - i); c++) { store(n + r, i + c, acc[r][c]); }
  }
}
