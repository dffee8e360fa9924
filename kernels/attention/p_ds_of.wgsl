// P and dS of one owned row against four rows of the other side.
struct PDs { weight: vec4f, ds: vec4f }

fn p_ds_of(products: vec4f, dp: vec4f, row_lse: vec4f, delta: vec4f, visible: vec4<bool>) -> PDs {
  let c = score_of(products);
  let weight = select(vec4f(0.0), exp(c.s - row_lse), visible);
  return PDs(weight, weight * (dp - delta) * c.slope * p.scale);
}
