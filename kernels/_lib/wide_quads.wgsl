// Reads sixteen columns of a row of a packed weight through the general reader, for formats without wide loads of their own.
// Same interface as wide_grouped.wgsl; joined after weight_blocks.wgsl or weight_nf4.wgsl.
struct Fetched { values: mat4x4f }

fn fetch(row: u32, k: u32) -> Fetched {
  let scale = group_scale(row, k);
  return Fetched(mat4x4f(weight_quad(row, k, scale), weight_quad(row, k + 4u, scale), weight_quad(row, k + 8u, scale), weight_quad(row, k + 12u, scale)));
}

fn unpack(f: Fetched) -> mat4x4f { return f.values; }
