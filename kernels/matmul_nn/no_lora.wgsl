// Replaces lora.wgsl where no adapter is applied: p.rank is 0 and nothing is bound.
const HAS_BRANCH = false;
fn dh_at(n: u32, r: u32) -> f32 { return 0.0; }
fn a_at(r: u32, i: u32) -> f32 { return 0.0; }
