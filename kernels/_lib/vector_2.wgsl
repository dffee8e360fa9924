// Width of a storage load: pairs, for even lengths.
alias Vec = vec2f;
alias VecU = vec2u;
const WIDTH: u32 = 2u;

fn vec_dot(a: Vec, b: Vec) -> f32 { return dot(a, b); }
fn vec_sum(a: Vec) -> f32 { return a.x + a.y; }
fn vec_largest(a: Vec) -> f32 { return max(a.x, a.y); }
// Of the elements of an array that its i-th Vec covers, their indices.
fn vec_elements(i: u32) -> VecU { return vec2u(i * 2u) + vec2u(0u, 1u); }
// The part of a block of four values that the i-th Vec of an array covers.
fn vec_of_block(block: vec4f, i: u32) -> Vec { return select(block.xy, block.zw, i % 2u == 1u); }
fn vec_weigh(w: vec4f, a: Vec, b: Vec, c: Vec, d: Vec) -> Vec { return mat4x2f(a, b, c, d) * w; }
