// NEFTune's noise on the embeddings of a flat batch, in place:
//   x[n,c] += amount / sqrt(C) / sqrt(L[n]) * u(n * C + c)      u uniform in [-1, 1), L[n] the tokens of row n's sequence
// u(e) is word e % 4 of Philox4x32-10 at counter (e / 4, 0, node_id, 0) under key (step[0], step[1]): its upper 24 bits times
// 2^-23, minus 1. Nothing is stored; a step can be replayed. step[3] = 1 switches the noise off: evaluation replays the forward
// pass of training without it. Joined with _lib/philox.wgsl and _lib/vector_*.wgsl; count and row_vecs are in Vecs.
// Source: Jain et al. 2023, arXiv:2310.05914, algorithm 1. Reference: embedding_noise.ref.ts.
override WG: u32 = 64;

struct Params { count: u32, row_vecs: u32, node_id: u32, amplitude: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<u32>;
// The first row of row n's sequence, and the row after its last.
@group(0) @binding(2) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> x: array<Vec>;

@compute @workgroup_size(WG)
fn embedding_noise(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * grid.x + wg.x) * WG + lane;
  if (i >= p.count || step[3] == 1u) { return; }
  let sequence = bounds[i / p.row_vecs];
  let words = philox(vec4u(i * WIDTH / 4u, 0u, p.node_id, 0u), vec2u(step[0], step[1]));
  let noise = vec4f(words >> vec4u(8u)) * 0x1p-23 - 1.0;
  x[i] += vec_of_block(noise, i) * (p.amplitude / sqrt(f32(sequence.y - sequence.x)));
}
