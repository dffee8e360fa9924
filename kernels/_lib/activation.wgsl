// The activations of a feed-forward block and their derivatives: silu, or gelu_tanh with GELU = 1. Joined with _lib/vector_*.wgsl.
// Both are x * sigmoid(z(x)): z = x for silu, and z = 2 sqrt(2/pi) (x + 0.044715 x^3) for gelu_tanh, since
// (1 + tanh(u)) / 2 = sigmoid(2u). This avoids tanh, which is NaN from 89 on under SwiftShader.
override GELU: u32 = 0;

const TWO_ROOT_TWO_OVER_PI: f32 = 1.5957691216057308;
const CUBIC: f32 = 0.044715;
// Beyond this the sigmoids are 0 or 1 in f32, and nothing below can overflow.
const SATURATED: f32 = 60.0;

struct Activation { value: Vec, slope: Vec }

fn activation(at: Vec) -> Activation {
  let bounded = clamp(at, Vec(-SATURATED), Vec(SATURATED));
  var z = bounded;
  var dz = Vec(1.0);
  if (GELU == 1u) {
    let square = bounded * bounded;
    z = clamp(TWO_ROOT_TWO_OVER_PI * bounded * (Vec(1.0) + CUBIC * square), Vec(-SATURATED), Vec(SATURATED));
    dz = TWO_ROOT_TWO_OVER_PI * (Vec(1.0) + 3.0 * CUBIC * square);
  }
  let e = exp(-z);
  let sigmoid = Vec(1.0) / (Vec(1.0) + e);
  // sigmoid' = sigmoid * (1 - sigmoid), the second factor as e * sigmoid so that it does not cancel.
  return Activation(at * sigmoid, sigmoid + bounded * dz * sigmoid * (e * sigmoid));
}
