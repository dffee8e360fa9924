// Values that the backward kernels need for each row and head, in one buffer so that they stay within 8 bindings:
//   lse_delta[n,h] = (lse[n,h], delta[n,h])     delta = sum_d o[n,h,d] * dy[n,h,d]
// o, dy [N, H, D]; lse [N, H]; lse_delta [N, H, 2]. One invocation per row and head. Joined with _lib/vector_*.wgsl.
// Source: Dao 2023, arXiv:2307.08691, algorithm 2. Reference: attention.ref.ts.
override WG: u32 = 64;

struct Params { rows: u32, heads: u32, head_dim: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> o: array<Vec>;
@group(0) @binding(2) var<storage, read> dy: array<Vec>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read_write> lse_delta: array<vec2f>;

@compute @workgroup_size(WG)
fn delta(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  if (index >= p.rows * p.heads) { return; }
  let head_vecs = p.head_dim / WIDTH;
  var sum = Vec(0.0);
  for (var d = 0u; d < head_vecs; d += 1u) { sum += o[index * head_vecs + d] * dy[index * head_vecs + d]; }
  lse_delta[index] = vec2f(lse[index], vec_sum(sum));
}
