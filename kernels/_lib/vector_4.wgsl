// Width of a storage load: four values, for lengths that are multiples of 4.
alias Vec = vec4f;
alias VecU = vec4u;
const WIDTH: u32 = 4u;

fn vec_dot(a: Vec, b: Vec) -> f32 { return dot(a, b); }
fn vec_sum(a: Vec) -> f32 { return a.x + a.y + a.z + a.w; }
fn vec_largest(a: Vec) -> f32 { return max(max(a.x, a.y), max(a.z, a.w)); }
// Of the elements of an array that its i-th Vec covers, their indices.
fn vec_elements(i: u32) -> VecU { return vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u); }
// The part of a block of four values that the i-th Vec of an array covers.
fn vec_of_block(block: vec4f, i: u32) -> Vec { return block; }
fn vec_weigh(w: vec4f, a: Vec, b: Vec, c: Vec, d: Vec) -> Vec { return mat4x4f(a, b, c, d) * w; }
