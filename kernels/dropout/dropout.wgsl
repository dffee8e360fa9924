// Inverted dropout with a counter-based generator: y = keep ? x * scale : 0 (+ y), scale = 1 / (1 - p).
// Element e is kept when word e % 4 of Philox4x32-10 at counter (e / 4, 0, node_id, 0) under key (step[0], step[1])
// is at least threshold = floor(p * 2^32). Nothing is stored: the backward pass draws the same words again.
// step[3] = 1 switches dropout off: evaluation replays the forward pass of training with nothing dropped.
// Joined with _lib/philox.wgsl and _lib/vector_*.wgsl; count is in Vecs. Any shape, e = n * C + c.
// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". Reference: dropout.ref.ts.
override WG: u32 = 64;
override ACCUMULATE: u32 = 0;

struct Params { count: u32, node_id: u32, threshold: u32, scale: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<Vec>;
@group(0) @binding(3) var<storage, read_write> y: array<Vec>;

@compute @workgroup_size(WG)
fn dropout(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * grid.x + wg.x) * WG + lane;
  if (i >= p.count) { return; }
  let words = philox(vec4u(i * WIDTH / 4u, 0u, p.node_id, 0u), vec2u(step[0], step[1]));
  var kept = select(vec4f(0.0), vec4f(p.scale), words >= vec4u(p.threshold));
  if (step[3] == 1u) { kept = vec4f(1.0); }
  let v = x[i] * vec_of_block(kept, i);
  if (ACCUMULATE == 1u) { y[i] += v; } else { y[i] = v; }
}
