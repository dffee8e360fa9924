// matmul_nn for subgroups of SUBGROUP lanes, 4, 8 or 16, where wide.wgsl can run: no workgroup memory and no barrier. A
// subgroup computes 16 columns of two rows of each lane. A lane loads sixteen values of its rows of dy, and sixteen columns
// of rows of W that it broadcasts to the others. Joined after _lib/broadcast.ts's head, with wide.wgsl and the sources that
// wide.wgsl is joined with. An output is one chain of fma along the reduction and then along the branch: the bits of wide.
const LANES4 = vec4u(0u, 1u, 2u, 3u);
const PARTS = 16u / SUBGROUP;

/** Of rows lane, lane + SUBGROUP, … of W: sixteen columns each, as quads. */
alias Weights = array<mat4x4f, PARTS>;
/** Sixteen columns of the lane's two rows. */
struct Sums { a: mat4x4f, b: mat4x4f }

fn add_sixteen(sums: ptr<function, Sums>, a: mat4x4f, b: mat4x4f, weights: Weights) {
  @repeat(16) {
    let of_$i = weights[$iu / SUBGROUP];
    let w0_$i = subgroupBroadcast(of_$i[0], $iu % SUBGROUP);
    let w1_$i = subgroupBroadcast(of_$i[1], $iu % SUBGROUP);
    let w2_$i = subgroupBroadcast(of_$i[2], $iu % SUBGROUP);
    let w3_$i = subgroupBroadcast(of_$i[3], $iu % SUBGROUP);
    let a_$i = vec4f(a[$4][$m]);
    let b_$i = vec4f(b[$4][$m]);
    (*sums).a = mat4x4f(fma(a_$i, w0_$i, (*sums).a[0]), fma(a_$i, w1_$i, (*sums).a[1]), fma(a_$i, w2_$i, (*sums).a[2]), fma(a_$i, w3_$i, (*sums).a[3]));
    (*sums).b = mat4x4f(fma(b_$i, w0_$i, (*sums).b[0]), fma(b_$i, w1_$i, (*sums).b[1]), fma(b_$i, w2_$i, (*sums).b[2]), fma(b_$i, w3_$i, (*sums).b[3]));
  }
}

fn sixteen_of(row: u32, o: u32) -> mat4x4f {
  return p.alpha * mat4x4f(row_quad(row, o, 0u), row_quad(row, o, 1u), row_quad(row, o, 2u), row_quad(row, o, 3u));
}

fn branch_of(row: u32, r: u32) -> mat4x4f {
  return p.lora_scale * mat4x4f(branch_row_quad(row, r), branch_row_quad(row, r + 4u), branch_row_quad(row, r + 8u), branch_row_quad(row, r + 12u));
}

fn store_four(n: u32, i: u32, values: vec4f) {
  if (n >= p.rows) { return; }
  store(n, i, values.x);
  store(n, i + 1u, values.y);
  store(n, i + 2u, values.z);
  store(n, i + 3u, values.w);
}

// A loop's condition comes last, where the first turn is certain: an adapter that masks lanes runs a turn more where it comes
// first.
@compute @workgroup_size(SUBGROUP)
fn broadcast(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let tiles = columns() / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = index / tiles * 2u * SUBGROUP + lane;
  let c0 = index % tiles * 16u;
  let row_a = min(n, p.rows - 1u);
  let row_b = min(n + SUBGROUP, p.rows - 1u);
  var sums = Sums();
  var weights = Weights();
  var o = 0u;
  loop {
    for (var part = 0u; part < PARTS; part++) { weights[part] = unpack(fetch_columns(vec2u(part * SUBGROUP + lane, 0u), c0, o)); }
    add_sixteen(&sums, sixteen_of(row_a, o), sixteen_of(row_b, o), weights);
    o += 16u;
    if (o >= reduced()) { break; }
  }
  if (HAS_BRANCH) {
    var r = 0u;
    loop {
      for (var part = 0u; part < PARTS; part++) { weights[part] = branch_columns(vec2u(part * SUBGROUP + lane, 0u), c0, r); }
      add_sixteen(&sums, branch_of(row_a, r), branch_of(row_b, r), weights);
      r += 16u;
      if (r >= p.rank) { break; }
    }
  }
  @repeat(4) store_four(n, c0 + 4u * $iu, sums.a[$i]);
  @repeat(4) store_four(n + SUBGROUP, c0 + 4u * $iu, sums.b[$i]);
}
