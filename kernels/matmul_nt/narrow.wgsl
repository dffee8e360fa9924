// matmul_nt by _lib/narrow.wgsl, where I is a multiple of four.
// Joined with interface.wgsl and no_bias.wgsl.
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w_codes: array<vec4f>;

fn reduced() -> u32 { return p.in_features; }
fn columns() -> u32 { return p.out_features; }
fn row_quad(n: u32, k: u32) -> vec4f { return x[(min(n, p.rows - 1u) * p.in_features + k) / 4u]; }
fn w_at(o: u32, k: u32) -> vec4f { return w_codes[(min(o, p.out_features - 1u) * p.code_words + k) / 4u]; }
fn weights_at(o: u32, k: u32) -> mat4x4f {
  return transpose(mat4x4f(w_at(o, k), w_at(o + 1u, k), w_at(o + 2u, k), w_at(o + 3u, k)));
}
