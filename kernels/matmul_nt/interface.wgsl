// The parameters and the output that all sources of matmul_nt share: joined with bias.wgsl or no_bias.wgsl, and added.wgsl or
// no_added.wgsl.
struct Params {
  rows: u32, in_features: u32, out_features: u32, out_stride: u32, out_offset: u32, rank: u32,
  code_words: u32, scale_words: u32, alpha: f32, lora_scale: f32, accumulate: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

fn store(n: u32, o: u32, product: f32) {
  let at = n * p.out_stride + p.out_offset + o;
  let value = with_added(at, product + bias_at(o));
  if (p.accumulate == 1u) { y[at] += value; } else { y[at] = value; }
}
