// matmul_nt for few columns of a dense weight, such as an adapter's A, where I is a multiple of four: a tile of 64 x 64 would be
// mostly empty, and so few of them would leave a GPU idle. A workgroup of 256 computes 8 rows x 16 columns: its lanes are 32
// splits of the reduction, each of 8 lanes with 4 x 4 outputs, whose sums are added in order at the end.
// Joined with interface.wgsl and no_bias.wgsl.
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w_codes: array<vec4f>;

var<workgroup> split_sums: array<mat4x4f, 256>;

fn x_at(n: u32, k: u32) -> vec4f { return x[(min(n, p.rows - 1u) * p.in_features + k) / 4u]; }
fn w_at(o: u32, k: u32) -> vec4f { return w_codes[(min(o, p.out_features - 1u) * p.code_words + k) / 4u]; }

fn add_products(acc: vec4f, v: vec4f, w: mat4x4f) -> vec4f {
  return fma(vec4f(v.w), w[3], fma(vec4f(v.z), w[2], fma(vec4f(v.y), w[1], fma(vec4f(v.x), w[0], acc))));
}

@compute @workgroup_size(256)
fn narrow(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.out_features + 15u) / 16u;
  let index = wg.y * grid.x + wg.x;
  let n = (index / tiles) * 8u;
  let o = (index % tiles) * 16u;
  if (n >= p.rows) { return; }
  let row = n + lane % 8u / 4u * 4u;
  let column = o + lane % 4u * 4u;
  var sums = mat4x4f();
  for (var k = lane / 8u * 4u; k < p.in_features; k += 128u) {
    let w = transpose(mat4x4f(w_at(column, k), w_at(column + 1u, k), w_at(column + 2u, k), w_at(column + 3u, k)));
    sums[0] = add_products(sums[0], x_at(row, k), w);
    sums[1] = add_products(sums[1], x_at(row + 1u, k), w);
    sums[2] = add_products(sums[2], x_at(row + 2u, k), w);
    sums[3] = add_products(sums[3], x_at(row + 3u, k), w);
  }
  split_sums[lane] = sums;
  workgroupBarrier();
  let r = lane / 16u;
  let c = lane % 16u;
  if (lane >= 128u || n + r >= p.rows || o + c >= p.out_features) { return; }
  var sum = 0.0;
  for (var split = 0u; split < 32u; split++) { sum += split_sums[split * 8u + r / 4u * 4u + c / 4u][r % 4u][c % 4u]; }
  store(n + r, o + c, p.alpha * sum);
}
