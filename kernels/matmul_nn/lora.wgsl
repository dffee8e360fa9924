// The rank-r branch of matmul_nn: dh [N, R] dense and lora_a [R, I] with rows padded to
// four values, as trainable matrices are stored (src/graph/params.ts).
const HAS_BRANCH = true;
@group(0) @binding(4) var<storage, read> dh: array<f32>;
@group(0) @binding(5) var<storage, read> lora_a: array<f32>;

fn dh_at(n: u32, r: u32) -> f32 { return dh[n * p.rank + r]; }
fn a_at(r: u32, i: u32) -> f32 { return lora_a[r * ((p.in_features + 3u) & ~3u) + i]; }
