// Rotary position embedding, in place, in the half-split order of the Hugging Face models.
//   (x[d], x[d + half]) <- (x[d] cos - x[d + half] sin, x[d + half] cos + x[d] sin)     for d < half = rotaryDim / 2
// with cos, sin [maxPositions, half] at the row's position; SIGN = -1 rotates back, which is the gradient.
// x [N, heads, D]; dimensions from rotaryDim on are unchanged. Tables are computed on the host, because built-in sin and cos
// are inaccurate. Joined with _lib/vector_*.wgsl. Source: Su et al. 2021, arXiv:2104.09864, eq. 34. Reference: rotary.ref.ts.
override WG: u32 = 64;
override SIGN: f32 = 1.0;

struct Params { rows: u32, heads: u32, head_dim: u32, half_dim: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> cos_table: array<Vec>;
@group(0) @binding(3) var<storage, read> sin_table: array<Vec>;
@group(0) @binding(4) var<storage, read_write> x: array<Vec>;

@compute @workgroup_size(WG)
fn rotate(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let half_vecs = p.half_dim / WIDTH;
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  if (index >= p.rows * p.heads * half_vecs) { return; }
  let d = index % half_vecs;
  let head = index / half_vecs;
  let angle = positions[head / p.heads] * half_vecs + d;
  let c = cos_table[angle];
  let s = sin_table[angle] * SIGN;
  let first = head * (p.head_dim / WIDTH) + d;
  let a = x[first];
  let b = x[first + half_vecs];
  x[first] = a * c - b * s;
  x[first + half_vecs] = b * c + a * s;
}
