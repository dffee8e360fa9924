// Replaces lora.wgsl where no adapter is applied: p.rank is 0 and nothing is bound.
const HAS_BRANCH = false;
fn h_at(n: u32, r: u32) -> f32 { return 0.0; }
fn b_at(o: u32, r: u32) -> f32 { return 0.0; }
