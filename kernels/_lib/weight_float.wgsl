// Reads a packed weight of a float format. Appended to a kernel whose Params has code_words (words per row of w_codes).
// Layout: src/formats/layout.ts. Rows are padded with zero words to a multiple of four.
override FORMAT: u32 = 0; // 0 f32, 1 f16, 2 bf16

@group(0) @binding(2) var<storage, read> w_codes: array<u32>;

/** What dequantisation of columns [k, k + 32) of a row needs besides the codes: nothing. */
fn group_scale(row: u32, k: u32) -> vec2f { return vec2f(0.0); }

/** Columns k to k + 3; k is a multiple of 4. */
fn weight_quad(row: u32, k: u32, scale: vec2f) -> vec4f {
  if (FORMAT == 0u) {
    let at = row * p.code_words + k;
    return bitcast<vec4f>(vec4u(w_codes[at], w_codes[at + 1u], w_codes[at + 2u], w_codes[at + 3u]));
  }
  let at = row * p.code_words + k / 2u;
  let words = vec2u(w_codes[at], w_codes[at + 1u]);
  if (FORMAT == 1u) { return vec4f(unpack2x16float(words.x), unpack2x16float(words.y)); }
  return bitcast<vec4f>(vec4u(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
}

fn weight_at(row: u32, k: u32) -> f32 {
  if (FORMAT == 0u) { return bitcast<f32>(w_codes[row * p.code_words + k]); }
  let word = w_codes[row * p.code_words + k / 2u];
  let bits = select(word & 0xffffu, word >> 16u, (k & 1u) == 1u);
  if (FORMAT == 1u) { return unpack2x16float(bits).x; }
  return bitcast<f32>(bits << 16u);
}
