// A factor for each row, by which an output is multiplied before the product is added to it.
@group(0) @binding(7) var<storage, read> keep: array<f32>;

fn kept(n: u32, before: f32) -> f32 { return keep[n] * before; }
