// Lanes of one storage load: four, for lengths that 4 divides.
alias Vec = vec4f;
const WIDTH: u32 = 4u;

fn vec_dot(a: Vec, b: Vec) -> f32 { return dot(a, b); }
fn vec_sum(a: Vec) -> f32 { return a.x + a.y + a.z + a.w; }
// The part of a block of four values that the i-th Vec of an array covers.
fn vec_of_block(block: vec4f, i: u32) -> Vec { return block; }
fn vec_weigh(w: vec4f, a: Vec, b: Vec, c: Vec, d: Vec) -> Vec { return mat4x4f(a, b, c, d) * w; }
