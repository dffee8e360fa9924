// Hyperbolic tangent from exp: the built-in is NaN from 89 on under SwiftShader, and inaccurate near zero elsewhere.
// Below 0.25 the next term of the series is 1e-8 of the result; above 15 the result is 1 in f32.
fn safe_tanh(x: f32) -> f32 {
  let square = x * x;
  let series = x * (1.0 + square * (-0.33333333 + square * (0.13333333 + square * (-0.053968254 + square * 0.021869488))));
  let e = exp(-2.0 * min(abs(x), 15.0));
  return select(sign(x) * (1.0 - e) / (1.0 + e), series, abs(x) < 0.25);
}
