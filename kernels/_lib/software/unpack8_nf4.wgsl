// Eight columns of a packed weight at once; appended after weight_nf4.wgsl.
struct Vec8 { lo: vec4f, hi: vec4f }

fn scale_of(row: u32, group: u32) -> vec2f { return group_scale(row, group * 32u); }

/** Columns 8 block8 to 8 block8 + 7 of the row whose codes begin at word `base`. */
fn weight_unpack8(base: u32, block8: u32, scale: vec2f) -> Vec8 {
  let word = vec4u(w_codes[base + block8]);
  let row = base / p.code_words;
  return Vec8(
    nf4_values(word >> vec4u(0u, 4u, 8u, 12u)) * magnitudes(row, block8 * 8u, scale),
    nf4_values(word >> vec4u(16u, 20u, 24u, 28u)) * magnitudes(row, block8 * 8u + 4u, scale),
  );
}
