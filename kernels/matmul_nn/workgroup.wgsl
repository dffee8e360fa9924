// The `workgroup` entry points of matmul_nn: joined with matmul_nn.wgsl and _lib/tiles.wgsl.
//   tile, tile_8  of _lib/tiles.wgsl: 64 x 64 outputs a workgroup, from tiles along O and then R
fn reduced() -> u32 { return p.out_features; }
fn columns() -> u32 { return p.in_features; }

/** Loads four rows of dy for one step along the reduction, and that step's four columns of W; 256 slots fill the tiles. */
fn load_tile(slot: u32, n: u32, i: u32, start: u32, end: u32) {
  let column = slot % STEP;
  let four = slot / STEP;
  let ns = min(vec4u(n + four * 4u) + LANES4, vec4u(p.rows - 1u));
  let is = i + column * 4u;
  let dy_step = start + column;
  var v = vec4f();
  if (dy_step < p.out_features) {
    v = vec4f(dy_at(ns.x, dy_step), dy_at(ns.y, dy_step), dy_at(ns.z, dy_step), dy_at(ns.w, dy_step));
  } else if (dy_step >= end && dy_step - end < p.rank) {
    let r = dy_step - end;
    v = p.lora_scale * vec4f(dh_at(ns.x, r), dh_at(ns.y, r), dh_at(ns.z, r), dh_at(ns.w, r));
  }
  let w_step = start + four;
  var w = vec4f();
  if (w_step < p.out_features) {
    w = w_quad(w_step, is, group_scale(w_step, min(is, p.in_features - 1u)));
  } else if (w_step >= end && w_step - end < p.rank) {
    w = a_quad(w_step - end, is);
  }
  row_tile[column * PITCH + four] = v;
  column_tile[four * PITCH + column] = w;
}
