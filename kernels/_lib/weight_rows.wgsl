// Four rows of a packed weight at once; appended to a kernel after weight_float.wgsl or weight_grouped.wgsl.
fn group_scales(rows: vec4u, k: u32) -> mat4x2f {
  return mat4x2f(group_scale(rows.x, k), group_scale(rows.y, k), group_scale(rows.z, k), group_scale(rows.w, k));
}

fn weight_quads(rows: vec4u, k: u32, scales: mat4x2f) -> mat4x4f {
  return mat4x4f(weight_quad(rows.x, k, scales[0]), weight_quad(rows.y, k, scales[1]), weight_quad(rows.z, k, scales[2]), weight_quad(rows.w, k, scales[3]));
}
