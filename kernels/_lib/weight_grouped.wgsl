// Reads a packed weight of a quantised format. Appended to a kernel whose Params has code_words and scale_words (words
// per row of w_codes and w_scales). Layout: src/formats/layout.ts. Value: code * scale.x + scale.y.
override FORMAT: u32 = 4; // 3 q8, 4 q4

@group(0) @binding(2) var<storage, read> w_codes: array<u32>;
@group(0) @binding(3) var<storage, read> w_scales: array<u32>;

/** Scale and minimum of columns [k, k + 32) of a row; q8 has zero for a minimum. */
fn group_scale(row: u32, k: u32) -> vec2f { return unpack2x16float(w_scales[row * p.scale_words + k / 32u]); }

fn codes_q8(word: u32) -> vec4f {
  return vec4f(vec4i(vec4u(word << 24u, word << 16u, word << 8u, word)) >> vec4u(24u));
}

/** The four codes in the low half of the word. */
fn codes_q4(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u));
}

/** Columns k to k + 3; k is a multiple of 4. */
fn weight_quad(row: u32, k: u32, scale: vec2f) -> vec4f {
  if (FORMAT == 3u) { return codes_q8(w_codes[row * p.code_words + k / 4u]) * scale.x; }
  return codes_q4(w_codes[row * p.code_words + k / 8u] >> ((k & 4u) * 4u)) * scale.x + scale.y;
}

fn weight_at(row: u32, k: u32) -> f32 {
  let scale = group_scale(row, k);
  if (FORMAT == 3u) {
    let word = w_codes[row * p.code_words + k / 4u];
    return f32(i32(word << (24u - (k & 3u) * 8u)) >> 24u) * scale.x;
  }
  return f32((w_codes[row * p.code_words + k / 8u] >> ((k & 7u) * 4u)) & 15u) * scale.x + scale.y;
}
