// The rank-r branch of matmul_nn for matrix.wgsl: operands as in lora.wgsl, rows of A read by quads.
@group(0) @binding(4) var<storage, read> dh: array<f32>;
@group(0) @binding(5) var<storage, read> lora_a: array<vec4f>;

/** Outputs i to i + 3; i is a multiple of 4. */
fn branch_quad(n: u32, i: u32) -> vec4f {
  let quads = (p.in_features + 3u) / 4u;
  var sum = vec4f();
  for (var r = 0u; r < p.rank; r++) { sum = fma(vec4f(dh[n * p.rank + r]), lora_a[r * quads + i / 4u], sum); }
  return sum;
}
