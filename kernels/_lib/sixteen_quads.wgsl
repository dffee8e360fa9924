// Like sixteen_wide.wgsl, by four quads of columns, for rows whose length is not a multiple of sixteen.
fn quad_of(row: u32, i: u32) -> vec4f {
  let at = min(i, (p.in_features - 1u) & ~3u);
  return weight_quad(row, at, group_scale(row, at));
}

fn sixteen(row: u32, i: u32) -> mat4x4f { return mat4x4f(quad_of(row, i), quad_of(row, i + 4u), quad_of(row, i + 8u), quad_of(row, i + 12u)); }
