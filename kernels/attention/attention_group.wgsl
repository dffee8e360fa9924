// Adds up dk and dv over the query heads of each key head, in order:
//   dk[n,g] = sum_h dk_heads[n,h]      dv[n,g] = sum_h dv_heads[n,h]      h over g's group
// dk_heads, dv_heads [N, H, D]; dk, dv [N, K, D]. One invocation per Vec. Joined with _lib/vector_*.wgsl.
override WG: u32 = 64;

struct Params { rows: u32, heads: u32, kv_heads: u32, head_vecs: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dk_heads: array<Vec>;
@group(0) @binding(2) var<storage, read> dv_heads: array<Vec>;
@group(0) @binding(3) var<storage, read_write> dk: array<Vec>;
@group(0) @binding(4) var<storage, read_write> dv: array<Vec>;

@compute @workgroup_size(WG)
fn sum_group(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  if (index >= p.rows * p.kv_heads * p.head_vecs) { return; }
  let group = p.heads / p.kv_heads;
  let first = index / p.head_vecs * group * p.head_vecs + index % p.head_vecs;
  var dk_sum = dk_heads[first];
  var dv_sum = dv_heads[first];
  for (var h = 1u; h < group; h += 1u) {
    dk_sum += dk_heads[first + h * p.head_vecs];
    dv_sum += dv_heads[first + h * p.head_vecs];
  }
  dk[index] = dk_sum;
  dv[index] = dv_sum;
}
