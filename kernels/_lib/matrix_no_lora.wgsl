// Replaces a kernel's LoRA branch where no adapter is applied: p.rank is 0 and nothing is bound.
fn branch_quad(n: u32, c: u32) -> vec4f { return vec4f(0.0); }
