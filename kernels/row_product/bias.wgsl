// Joined with row_product.wgsl: a bias for each row of this weight.
@group(0) @binding(4) var<storage, read> bias: array<f32>;

fn bias_at(o: u32) -> f32 { return bias[o]; }
