// Eight columns of a packed weight at once; appended after weight_blocks.wgsl. As in unpack8_grouped.wgsl, codes are masked in
// place and scaled by powers of two, which is exact.
struct Vec8 { lo: vec4f, hi: vec4f }

fn scale_of(row: u32, group: u32) -> vec2f { return group_scale(row, group * 32u); }

/** Columns 8 block8 to 8 block8 + 7 of the row whose codes begin at word `base`. */
fn weight_unpack8(base: u32, block8: u32, scale: vec2f) -> Vec8 {
  let at = base + block8 / 4u * group_words();
  let part = block8 % 4u;
  let word = w_codes[at + part];
  var lo = vec4f(bitcast<vec4i>(vec4u(word) & vec4u(0xfu, 0xf0u, 0xf00u, 0xf000u))) * vec4f(1.0, 0x1p-4, 0x1p-8, 0x1p-12);
  var hi = vec4f(bitcast<vec4i>(vec4u(word >> 16u) & vec4u(0xfu, 0xf0u, 0xf00u, 0xf000u))) * vec4f(1.0, 0x1p-4, 0x1p-8, 0x1p-12);
  if (has_five_bits()) {
    let bits = vec4u(w_codes[at + 4u] >> (part * 8u));
    lo += vec4f(bitcast<vec4i>(bits & vec4u(0x1u, 0x2u, 0x4u, 0x8u))) * vec4f(16.0, 8.0, 4.0, 2.0);
    hi += vec4f(bitcast<vec4i>(bits & vec4u(0x10u, 0x20u, 0x40u, 0x80u))) * vec4f(1.0, 0.5, 0.25, 0.125);
  }
  if (FORMAT == 10u) {
    let bits = vec4u(w_codes[at + 4u + part / 2u] >> ((part & 1u) * 16u));
    lo += vec4f(bitcast<vec4i>(bits & vec4u(0x3u, 0xcu, 0x30u, 0xc0u))) * vec4f(16.0, 4.0, 1.0, 0.25);
    hi += vec4f(bitcast<vec4i>(bits & vec4u(0x300u, 0xc00u, 0x3000u, 0xc000u))) * vec4f(0x1p-4, 0x1p-6, 0x1p-8, 0x1p-10);
  }
  return Vec8(block_values(lo, part * 8u, scale), block_values(hi, part * 8u, scale));
}
