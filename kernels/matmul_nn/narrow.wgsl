// matmul_nn for few columns of a dense weight, such as an adapter's B, where O is a multiple of four and rows of dy begin at
// multiples of four. Lanes and sums as in matmul_nt/narrow.wgsl. Joined with interface.wgsl and no_keep.wgsl.
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> w_codes: array<vec4f>;

var<workgroup> split_sums: array<mat4x4f, 256>;

fn dy_at(n: u32, o: u32) -> vec4f { return dy[(min(n, p.rows - 1u) * p.dy_stride + p.dy_offset + o) / 4u]; }
fn w_at(o: u32, i: u32) -> vec4f { return w_codes[(o * p.code_words + min(i, p.code_words - 4u)) / 4u]; }

fn add_products(acc: vec4f, v: vec4f, w: mat4x4f) -> vec4f {
  return fma(vec4f(v.w), w[3], fma(vec4f(v.z), w[2], fma(vec4f(v.y), w[1], fma(vec4f(v.x), w[0], acc))));
}

@compute @workgroup_size(256)
fn narrow(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.in_features + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 8u;
  let i = (index % tiles) * 16u;
  if (n >= p.rows) { return; }
  let row = n + lane % 8u / 4u * 4u;
  let column = i + lane % 4u * 4u;
  var sums = mat4x4f();
  for (var o = lane / 8u * 4u; o < p.out_features; o += 128u) {
    let w = mat4x4f(w_at(o, column), w_at(o + 1u, column), w_at(o + 2u, column), w_at(o + 3u, column));
    sums[0] = add_products(sums[0], dy_at(row, o), w);
    sums[1] = add_products(sums[1], dy_at(row + 1u, o), w);
    sums[2] = add_products(sums[2], dy_at(row + 2u, o), w);
    sums[3] = add_products(sums[3], dy_at(row + 3u, o), w);
  }
  split_sums[lane] = sums;
  workgroupBarrier();
  let r = lane / 16u;
  let c = lane % 16u;
  if (lane >= 128u || n + r >= p.rows || i + c >= p.in_features) { return; }
  var sum = 0.0;
  for (var split = 0u; split < 32u; split++) { sum += split_sums[split * 8u + r / 4u * 4u + c / 4u][r % 4u][c % 4u]; }
  store(n + r, i + c, p.alpha * sum);
}
