// The row itself: joined with row_product.wgsl.
fn prepare_input(lane: u32) {}

/** Sixteen values from a quad on. */
fn input_quads(quad: u32) -> mat4x4f { return mat4x4f(x[quad], x[quad + 1u], x[quad + 2u], x[quad + 3u]); }

fn keep_squares(lane: u32) {}
fn add_squares(lane: u32, half: u32) {}
fn factor() -> f32 { return 1.0; }
