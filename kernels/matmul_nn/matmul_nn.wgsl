override ACCUMULATE: u32 = 0;

struct Params {
  rows: u32, out_features: u32, in_features: u32, dy_stride: u32, dy_offset: u32, rank: u32,
  code_words: u32, scale_words: u32, alpha: f32, lora_scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;

fn put(n: u32, i: u32, dot_w: f32, dot_a: f32) {
  let at = n * p.in_features + i;
  let value = p.alpha * dot_w + p.lora_scale * dot_a;
  if (ACCUMULATE == 1u) { dx[at] += value; } else { dx[at] = value; }
}

@compute @workgroup_size(64)
fn naive(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let n = index / p.in_features;
  let i = index % p.in_features;
  if (n >= p.rows) { return; }
  var dot_w = 0.0;
  for (var o = 0u; o < p.out_features; o++) { dot_w += dy[n * p.dy_stride + p.dy_offset + o] * weight_at(o, i); }
  var dot_a = 0.0;
  for (var r = 0u; r < p.rank; r++) { dot_a += dh_at(n, r) * a_at(r, i); }
  put(n, i, dot_w, dot_a);
}
