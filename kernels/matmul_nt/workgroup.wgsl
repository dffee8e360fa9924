// The `workgroup` entry points of matmul_nt: joined with matmul_nt.wgsl and _lib/tiles.wgsl.
//   tile, tile_8  of _lib/tiles.wgsl: 64 x 64 outputs a workgroup, from tiles along I and then R
//   matvec        a workgroup of 64 computes 1 row x 4 columns, its lanes split I
fn reduced() -> u32 { return p.in_features; }
fn columns() -> u32 { return p.out_features; }

/** Loads four rows of x and of W for one step along the reduction; 256 slots fill the tiles. */
fn load_tile(slot: u32, n: u32, o: u32, start: u32, end: u32) {
  let four = slot / STEP;
  let k = start + slot % STEP;
  let ns = min(vec4u(n + four * 4u) + LANES4, vec4u(p.rows - 1u));
  let os = four_rows(o + four * 4u);
  var v = vec4f();
  var w = vec4f();
  if (k < p.in_features) {
    let at = ns * p.in_features + k;
    v = p.alpha * vec4f(x[at.x], x[at.y], x[at.z], x[at.w]);
    w = vec4f(weight_at(os.x, k), weight_at(os.y, k), weight_at(os.z, k), weight_at(os.w, k));
  } else if (k >= end && k - end < p.rank) {
    let r = k - end;
    v = p.lora_scale * vec4f(h_at(ns.x, r), h_at(ns.y, r), h_at(ns.z, r), h_at(ns.w, r));
    w = vec4f(b_at(os.x, r), b_at(os.y, r), b_at(os.z, r), b_at(os.w, r));
  }
  row_tile[slot % STEP * PITCH + four] = v;
  column_tile[slot % STEP * PITCH + four] = w;
}

/** A lane's share of the products of one row of x with four rows of W, of 64 lanes. */
fn lane_products(n: u32, o: u32, lane: u32) -> vec4f {
  let os = four_rows(o);
  var acc = vec4f();
  for (var k = lane * 4u; k < p.in_features; k += 256u) { acc += x_quad(n, k) * weight_quads(os, k, group_scales(os, k)); }
  for (var r = lane; r < p.rank; r += 64u) { acc += p.lora_scale * h_at(n, r) * b_four(os, r); }
  return acc;
}

var<workgroup> lane_sums: array<vec4f, 64>;

@compute @workgroup_size(64)
fn matvec(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.out_features + 3u) / 4u;
  let index = wg.y * grid.x + wg.x;
  let n = index / tiles;
  let o = (index % tiles) * 4u;
  if (n >= p.rows) { return; }
  lane_sums[lane] = lane_products(n, o, lane);
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) { lane_sums[lane] += lane_sums[lane + half]; }
    workgroupBarrier();
  }
  if (lane < 4u && o + lane < p.out_features) { store(n, o + lane, lane_sums[0][lane]); }
}
