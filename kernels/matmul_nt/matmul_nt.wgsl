override ACCUMULATE: u32 = 0;

struct Params {
  rows: u32, in_features: u32, out_features: u32, out_stride: u32, out_offset: u32, rank: u32,
  code_words: u32, scale_words: u32, alpha: f32, lora_scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

fn put(n: u32, o: u32, dot_xw: f32, dot_hb: f32) {
  let at = n * p.out_stride + p.out_offset + o;
  let value = p.alpha * dot_xw + bias_at(o) + p.lora_scale * dot_hb;
  if (ACCUMULATE == 1u) { y[at] += value; } else { y[at] = value; }
}

@compute @workgroup_size(64)
fn naive(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let n = index / p.out_features;
  let o = index % p.out_features;
  if (n >= p.rows) { return; }
  var dot_xw = 0.0;
  for (var i = 0u; i < p.in_features; i++) { dot_xw += x[n * p.in_features + i] * weight_at(o, i); }
  var dot_hb = 0.0;
  for (var r = 0u; r < p.rank; r++) { dot_hb += h_at(n, r) * b_at(o, r); }
  put(n, o, dot_xw, dot_hb);
}
