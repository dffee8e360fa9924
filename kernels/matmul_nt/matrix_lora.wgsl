// The rank-r branch of matmul_nt for matrix.wgsl: operands as in lora.wgsl, rows of B read by quads.
@group(0) @binding(5) var<storage, read> h: array<f32>;
@group(0) @binding(6) var<storage, read> lora_b: array<vec4f>;

fn b_quad(o: u32, r: u32) -> vec4f { return lora_b[(p.out_offset + min(o, p.out_features - 1u)) * ((p.rank + 3u) / 4u) + r / 4u]; }

fn h_at(n: u32, r: u32) -> f32 {
  if (r >= p.rank) { return 0.0; }
  return h[n * p.rank + r];
}

/** Outputs o to o + 3. */
fn branch_quad(n: u32, o: u32) -> vec4f {
  var sum = vec4f();
  for (var r = 0u; r < p.rank; r += 4u) {
    let hs = vec4f(h_at(n, r), h_at(n, r + 1u), h_at(n, r + 2u), h_at(n, r + 3u));
    sum += hs * mat4x4f(b_quad(o, r), b_quad(o + 1u, r), b_quad(o + 2u, r), b_quad(o + 3u, r));
  }
  return sum;
}
