// What an output is multiplied by before the product is added to it: a factor for each row.
@group(0) @binding(7) var<storage, read> keep: array<f32>;

fn kept(n: u32, before: f32) -> f32 { return keep[n] * before; }
