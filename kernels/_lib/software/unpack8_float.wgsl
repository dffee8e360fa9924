// Eight columns of a packed weight at once; appended after weight_float.wgsl.
struct Vec8 { lo: vec4f, hi: vec4f }

fn scale_of(row: u32, group: u32) -> vec2f { return vec2f(0.0); }

fn bf16_pairs(words: vec2u) -> vec4f {
  return bitcast<vec4f>(vec4u(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
}

/** Columns 8 block8 to 8 block8 + 7 of the row whose codes begin at word `base`; a quad past the row repeats its last. */
fn weight_unpack8(base: u32, block8: u32, scale: vec2f) -> Vec8 {
  if (FORMAT == 0u) {
    let lo = base + 8u * block8;
    let hi = base + min(8u * block8 + 4u, p.code_words - 4u);
    return Vec8(
      bitcast<vec4f>(vec4u(w_codes[lo], w_codes[lo + 1u], w_codes[lo + 2u], w_codes[lo + 3u])),
      bitcast<vec4f>(vec4u(w_codes[hi], w_codes[hi + 1u], w_codes[hi + 2u], w_codes[hi + 3u])),
    );
  }
  let at = base + 4u * block8;
  let lo = vec2u(w_codes[at], w_codes[at + 1u]);
  let hi = vec2u(w_codes[at + 2u], w_codes[at + 3u]);
  if (FORMAT == 1u) {
    return Vec8(vec4f(unpack2x16float(lo.x), unpack2x16float(lo.y)), vec4f(unpack2x16float(hi.x), unpack2x16float(hi.y)));
  }
  return Vec8(bf16_pairs(lo), bf16_pairs(hi));
}
