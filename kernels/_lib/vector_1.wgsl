// Width of a storage load: scalars, for odd lengths.
alias Vec = f32;
alias VecU = u32;
const WIDTH: u32 = 1u;

fn vec_dot(a: Vec, b: Vec) -> f32 { return a * b; }
fn vec_sum(a: Vec) -> f32 { return a; }
fn vec_largest(a: Vec) -> f32 { return a; }
// Of the elements of an array that its i-th Vec covers, their indices.
fn vec_elements(i: u32) -> VecU { return i; }
// The part of a block of four values that the i-th Vec of an array covers.
fn vec_of_block(block: vec4f, i: u32) -> Vec { return block[i % 4u]; }
fn vec_weigh(w: vec4f, a: Vec, b: Vec, c: Vec, d: Vec) -> Vec { return dot(vec4f(a, b, c, d), w); }
