// The parameters and the output that all sources of matmul_nn share: joined with keep.wgsl or no_keep.wgsl.
struct Params {
  rows: u32, out_features: u32, in_features: u32, dy_stride: u32, dy_offset: u32, rank: u32,
  code_words: u32, scale_words: u32, alpha: f32, lora_scale: f32, accumulate: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;

fn store(n: u32, i: u32, value: f32) {
  let at = n * p.in_features + i;
  if (p.accumulate == 1u) { dx[at] = kept(n, dx[at]) + value; } else { dx[at] = value; }
}
