/** acc + v * w, in the order of the reduction. */
fn add_products(acc: vec4f, v: vec4f, w: mat4x4f) -> vec4f {
  return fma(vec4f(v.w), w[3], fma(vec4f(v.z), w[2], fma(vec4f(v.y), w[1], fma(vec4f(v.x), w[0], acc))));
}
