// Reads a packed weight made from blocks of a GGUF file. Appended to a kernel whose Params has code_words and scale_words
// (words per row of w_codes and w_scales). Layout: src/formats/layout.ts and gguf-blocks.ts. All products of codes and
// scales are exact, so that at most one rounding remains and every GPU agrees with ggml.
override FORMAT: u32 = 5; // 4 bits: 5 q4_0, 6 q4_k; 5 bits: 7 q5_0, 8 q5_1, 9 q5_k; 6 bits: 10 q6_k

@group(0) @binding(2) var<storage, read> w_codes: array<u32>;
@group(0) @binding(3) var<storage, read> w_scales: array<u32>;

fn has_five_bits() -> bool { return FORMAT >= 7u && FORMAT <= 9u; }

/** Words of codes of 32 columns. */
fn group_words() -> u32 {
  if (FORMAT == 10u) { return 6u; }
  if (has_five_bits()) { return 5u; }
  return 4u;
}

/** Scale and minimum of columns [k, k + 32) of a row; q6_k: the scales of the first and of the last 16 of them. */
fn group_scale(row: u32, k: u32) -> vec2f {
  let group = k / 32u;
  let base = row * p.scale_words;
  if (FORMAT == 5u || FORMAT == 7u) { return vec2f(unpack2x16float(w_scales[base + group / 2u] >> ((group & 1u) * 16u)).x, 0.0); }
  if (FORMAT == 8u) { return unpack2x16float(w_scales[base + group]); }
  let at = base + group / 8u * 5u;
  let d = unpack2x16float(w_scales[at]);
  let small = w_scales[at + 1u + (group % 8u) / 2u] >> ((group & 1u) * 16u);
  if (FORMAT == 10u) { return d.x * vec2f(vec2i(vec2u(small << 24u, small << 16u)) >> vec2u(24u)); }
  return vec2f(d.x * f32(small & 255u), -d.y * f32((small >> 8u) & 255u));
}

/** Values of codes of columns from k on, all within 16. */
fn block_values(codes: vec4f, k: u32, scale: vec2f) -> vec4f {
  if (FORMAT == 5u) { return (codes - 8.0) * scale.x; }
  if (FORMAT == 7u) { return (codes - 16.0) * scale.x; }
  if (FORMAT == 10u) { return (codes - 32.0) * select(scale.x, scale.y, (k & 16u) != 0u); }
  return codes * scale.x + scale.y;
}

/** Columns k to k + 3; k is a multiple of 4. */
fn weight_quad(row: u32, k: u32, scale: vec2f) -> vec4f {
  let at = row * p.code_words + k / 32u * group_words();
  let column = k % 32u;
  var codes = (vec4u(w_codes[at + column / 8u] >> ((k & 4u) * 4u)) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  if (has_five_bits()) { codes |= ((vec4u(w_codes[at + 4u] >> column) << vec4u(4u, 3u, 2u, 1u)) & vec4u(16u)); }
  if (FORMAT == 10u) {
    codes |= ((vec4u(w_codes[at + 4u + column / 16u] >> ((column & 15u) * 2u)) << vec4u(4u, 2u, 0u, 0u)) >> vec4u(0u, 0u, 0u, 2u)) & vec4u(48u);
  }
  return block_values(vec4f(codes), k, scale);
}

fn weight_at(row: u32, k: u32) -> f32 { return weight_quad(row, k & ~3u, group_scale(row, k))[k & 3u]; }
