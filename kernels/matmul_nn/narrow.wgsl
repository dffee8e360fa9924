// matmul_nn by _lib/narrow.wgsl, where O is a multiple of four and rows of dy begin at multiples of four.
// Joined with interface.wgsl and no_keep.wgsl.
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> w_codes: array<vec4f>;

fn reduced() -> u32 { return p.out_features; }
fn columns() -> u32 { return p.in_features; }
fn row_quad(n: u32, o: u32) -> vec4f { return dy[(min(n, p.rows - 1u) * p.dy_stride + p.dy_offset + o) / 4u]; }
fn w_at(o: u32, i: u32) -> vec4f { return w_codes[(o * p.code_words + min(i, p.code_words - 4u)) / 4u]; }
fn weights_at(i: u32, o: u32) -> mat4x4f { return mat4x4f(w_at(o, i), w_at(o + 1u, i), w_at(o + 2u, i), w_at(o + 3u, i)); }
