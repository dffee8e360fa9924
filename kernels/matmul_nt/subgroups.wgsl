enable subgroups;
// matvec of workgroup.wgsl with a reduction by subgroups: one barrier instead of seven. Joined before matmul_nt.wgsl and
// its parts. Assumes that lanes fill subgroups in order, as they do in every known implementation although WGSL does not
// promise it: a tuner compares results before it chooses this.
var<workgroup> subgroup_sums: array<vec4f, 16>;

@compute @workgroup_size(64)
fn matvec_subgroups(
  @builtin(workgroup_id) wg: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_invocation_id) member: u32,
  @builtin(subgroup_size) size: u32,
) {
  let tiles = (p.out_features + 3u) / 4u;
  let index = wg.y * grid.x + wg.x;
  let n = index / tiles;
  let o = (index % tiles) * 4u;
  if (n >= p.rows) { return; }
  let sum = subgroupAdd(lane_products(n, o, lane));
  if (member == 0u) { subgroup_sums[lane / size] = sum; }
  workgroupBarrier();
  if (lane < 4u && o + lane < p.out_features) {
    var total = 0.0;
    for (var s = 0u; s < max(1u, 64u / size); s++) { total += subgroup_sums[s][lane]; }
    store(n, o + lane, total);
  }
}
