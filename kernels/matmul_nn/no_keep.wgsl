// Stands in for keep.wgsl where what is there is added to as it is.
fn kept(n: u32, before: f32) -> f32 { return before; }
