// The rank-r branch of matmul_nt: h [N, R] dense and lora_b with rows padded to four values, as trainable matrices are
// stored (src/graph/params.ts); for a weight in parts, those of the whole layer.
const HAS_BRANCH = true;
@group(0) @binding(5) var<storage, read> h: array<f32>;
@group(0) @binding(6) var<storage, read> lora_b: array<f32>;

fn h_at(n: u32, r: u32) -> f32 { return h[n * p.rank + r]; }
fn b_at(o: u32, r: u32) -> f32 { return lora_b[(p.out_offset + o) * ((p.rank + 3u) & ~3u) + r]; }
