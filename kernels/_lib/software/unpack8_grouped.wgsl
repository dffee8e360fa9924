// Eight columns of a packed weight at once; appended after weight_grouped.wgsl. Codes are masked in place and scaled by
// powers of two, which is exact: software adapters shift and divide vectors lane by lane.
struct Vec8 { lo: vec4f, hi: vec4f }

fn scale_of(row: u32, group: u32) -> vec2f { return unpack2x16float(w_scales[row * p.scale_words + group]); }

fn unpack8_q8(word: u32) -> vec4f {
  // The sign bits of the lower three are flipped: 128 too large, and positive.
  let codes = vec4f(bitcast<vec4i>(vec4u(word ^ 0x808080u) & vec4u(0xffu, 0xff00u, 0xff0000u, 0xff000000u)));
  return codes * vec4f(1.0, 0x1p-8, 0x1p-16, 0x1p-24) - vec4f(128.0, 128.0, 128.0, 0.0);
}

/** Columns 8 block8 to 8 block8 + 7 of the row whose codes begin at word `base`. */
fn weight_unpack8(base: u32, block8: u32, scale: vec2f) -> Vec8 {
  if (FORMAT == 3u) {
    return Vec8(unpack8_q8(w_codes[base + 2u * block8]) * scale.x, unpack8_q8(w_codes[base + 2u * block8 + 1u]) * scale.x);
  }
  let word = w_codes[base + block8];
  let lo = vec4f(bitcast<vec4i>(vec4u(word) & vec4u(0xfu, 0xf0u, 0xf00u, 0xf000u)));
  // The highest bit is flipped, so that the last code converts as a signed number: eight too small.
  let hi = vec4f(bitcast<vec4i>(vec4u(word ^ 0x80000000u) & vec4u(0xf0000u, 0xf00000u, 0xf000000u, 0xf0000000u)));
  return Vec8(
    lo * vec4f(1.0, 0x1p-4, 0x1p-8, 0x1p-12) * scale.x + scale.y,
    (hi * vec4f(0x1p-16, 0x1p-20, 0x1p-24, 0x1p-28) + vec4f(0.0, 0.0, 0.0, 8.0)) * scale.x + scale.y,
  );
}
