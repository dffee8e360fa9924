// Replaces added.wgsl where nothing is added.
fn with_added(at: u32, value: f32) -> f32 { return value; }
