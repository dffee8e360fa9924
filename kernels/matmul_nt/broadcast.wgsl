// matmul_nt for subgroups of SUBGROUP lanes, 4, 8 or 16, where I is a multiple of 16: no workgroup memory and no barrier. A
// subgroup computes 16 rows, each lane two columns of them. A lane loads its columns' weights, and sixteen values of rows
// that it broadcasts to the others. Joined after _lib/broadcast.ts's head, with wide.wgsl and the sources that wide.wgsl is
// joined with. An output is one chain of fma along the reduction and then along the branch: the bits of wide.
const LANES4 = vec4u(0u, 1u, 2u, 3u);
const PARTS = 16u / SUBGROUP;

/** Of rows lane, lane + SUBGROUP, …: sixteen values each, as quads. */
alias Rows = array<mat4x4f, PARTS>;
/** Of each row, the lane's two columns. */
alias Sums = array<vec2f, 16>;

/** acc + v * (a, b), in the order of the reduction. */
fn add_two(acc: vec2f, v: vec4f, a: vec4f, b: vec4f) -> vec2f {
  return fma(v.ww, vec2f(a.w, b.w), fma(v.zz, vec2f(a.z, b.z), fma(v.yy, vec2f(a.y, b.y), fma(v.xx, vec2f(a.x, b.x), acc))));
}

fn add_sixteen(sums: ptr<function, Sums>, rows: Rows, a: mat4x4f, b: mat4x4f) {
  @repeat(16) {
    let of_$i = rows[$iu / SUBGROUP];
    let v0_$i = subgroupBroadcast(of_$i[0], $iu % SUBGROUP);
    let v1_$i = subgroupBroadcast(of_$i[1], $iu % SUBGROUP);
    let v2_$i = subgroupBroadcast(of_$i[2], $iu % SUBGROUP);
    let v3_$i = subgroupBroadcast(of_$i[3], $iu % SUBGROUP);
    (*sums)[$i] = add_two(add_two(add_two(add_two((*sums)[$i], v0_$i, a[0], b[0]), v1_$i, a[1], b[1]), v2_$i, a[2], b[2]), v3_$i, a[3], b[3]);
  }
}

fn store_two(n: u32, o: u32, values: vec2f) {
  if (n >= p.rows) { return; }
  if (o < columns()) { store(n, o, values.x); }
  if (o + SUBGROUP < columns()) { store(n, o + SUBGROUP, values.y); }
}

// A loop's condition comes last, where the first turn is certain: an adapter that masks lanes runs a turn more where it comes
// first.
@compute @workgroup_size(SUBGROUP)
fn broadcast(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let tiles = (columns() + 2u * SUBGROUP - 1u) / (2u * SUBGROUP);
  let index = wg.y * grid.x + wg.x;
  let n = index / tiles * 16u;
  let c0 = index % tiles * 2u * SUBGROUP;
  let place_a = vec2u(lane, 0u);
  let place_b = vec2u(lane + SUBGROUP, 0u);
  var sums = Sums();
  var rows = Rows();
  var k = 0u;
  loop {
    for (var part = 0u; part < PARTS; part++) {
      let row = min(n + part * SUBGROUP + lane, p.rows - 1u);
      rows[part] = p.alpha * mat4x4f(row_quad(row, k, 0u), row_quad(row, k, 1u), row_quad(row, k, 2u), row_quad(row, k, 3u));
    }
    add_sixteen(&sums, rows, unpack(fetch_columns(place_a, c0, k)), unpack(fetch_columns(place_b, c0, k)));
    k += 16u;
    if (k >= reduced()) { break; }
  }
  if (HAS_BRANCH) {
    var r = 0u;
    loop {
      for (var part = 0u; part < PARTS; part++) {
        let row = min(n + part * SUBGROUP + lane, p.rows - 1u);
        rows[part] = p.lora_scale * mat4x4f(branch_row_quad(row, r), branch_row_quad(row, r + 4u), branch_row_quad(row, r + 8u), branch_row_quad(row, r + 12u));
      }
      add_sixteen(&sums, rows, branch_columns(place_a, c0, r), branch_columns(place_b, c0, r));
      r += 16u;
      if (r >= p.rank) { break; }
    }
  }
  @repeat(16) store_two(n + $iu, c0 + lane, sums[$i]);
}
