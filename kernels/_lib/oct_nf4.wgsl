// Eight columns of a packed weight at once; appended after weight_nf4.wgsl.
struct Oct { lo: vec4f, hi: vec4f }

fn scale_of(row: u32, group: u32) -> vec2f { return group_scale(row, group * 32u); }

/** Columns 8 oct to 8 oct + 7 of the row whose codes begin at word `base`. */
fn weight_oct(base: u32, oct: u32, scale: vec2f) -> Oct {
  let word = vec4u(w_codes[base + oct]);
  let row = base / p.code_words;
  return Oct(
    nf4_values(word >> vec4u(0u, 4u, 8u, 12u)) * magnitudes(row, oct * 8u, scale),
    nf4_values(word >> vec4u(16u, 20u, 24u, 28u)) * magnitudes(row, oct * 8u + 4u, scale),
  );
}
