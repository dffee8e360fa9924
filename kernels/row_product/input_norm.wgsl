// The row normalised (kernels/rms_norm): joined with row_product.wgsl. Every lane reads all of its columns of x anyway, so the
// squares are summed along with the products, and both halves of a workgroup have their sum.
@group(0) @binding(5) var<storage, read> norm: array<vec4f>;

var<private> squares: vec4f;
var<workgroup> lane_squares: array<f32, 64>;

fn prepare_input(lane: u32) { squares = vec4f(); }

fn weighted_quad(quad: u32) -> vec4f {
  let v = x[quad];
  squares = fma(v, v, squares);
  return v * (norm[quad] + vec4f(p.norm_offset));
}

/** Sixteen values from a quad on. */
fn input_quads(quad: u32) -> mat4x4f {
  return mat4x4f(weighted_quad(quad), weighted_quad(quad + 1u), weighted_quad(quad + 2u), weighted_quad(quad + 3u));
}

fn keep_squares(lane: u32) { lane_squares[lane] = sum_of(squares); }
fn add_squares(lane: u32, half: u32) { lane_squares[lane] += lane_squares[lane + half]; }
fn factor() -> f32 { return 1.0 / sqrt(lane_squares[0] / f32(p.in_features) + p.eps); }
