override ACCUMULATE: u32 = 0;

struct Params { rows: u32, p_len: u32, q_len: u32, a_stride: u32, a_offset: u32, b_stride: u32, b_offset: u32, alpha: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> g: array<f32>;

fn put(row: u32, col: u32, dot_ab: f32) {
  let at = row * p.q_len + col;
  if (ACCUMULATE == 1u) { g[at] += p.alpha * dot_ab; } else { g[at] = p.alpha * dot_ab; }
}

@compute @workgroup_size(64)
fn naive(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let row = index / p.q_len;
  let col = index % p.q_len;
  if (row >= p.p_len) { return; }
  var dot_ab = 0.0;
  for (var n = 0u; n < p.rows; n++) { dot_ab += a[n * p.a_stride + p.a_offset + row] * b[n * p.b_stride + p.b_offset + col]; }
  put(row, col, dot_ab);
}
