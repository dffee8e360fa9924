// Reads sixteen columns of a row of a weight in f32, f16 or bf16 at a time; k is a multiple of 16. Same interface as
// wide_grouped.wgsl.
override FORMAT: u32 = 0; // 0 f32, 1 f16, 2 bf16

@group(0) @binding(2) var<storage, read> w_codes: array<vec4u>;

struct Fetched { a: vec4u, b: vec4u, c: vec4u, d: vec4u }

fn fetch(row: u32, k: u32) -> Fetched {
  if (FORMAT == 0u) {
    let at = (row * p.code_words + k) / 4u;
    return Fetched(w_codes[at], w_codes[at + 1u], w_codes[at + 2u], w_codes[at + 3u]);
  }
  let at = (row * p.code_words + k / 2u) / 4u;
  return Fetched(w_codes[at], w_codes[at + 1u], vec4u(0u), vec4u(0u));
}

/** Four values of two words of halves. */
fn halves(words: vec2u) -> vec4f {
  if (FORMAT == 1u) { return vec4f(unpack2x16float(words.x), unpack2x16float(words.y)); }
  return bitcast<vec4f>(vec4u(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
}

/** Four quads of consecutive columns. */
fn unpack(f: Fetched) -> mat4x4f {
  if (FORMAT == 0u) { return mat4x4f(bitcast<vec4f>(f.a), bitcast<vec4f>(f.b), bitcast<vec4f>(f.c), bitcast<vec4f>(f.d)); }
  return mat4x4f(halves(f.a.xy), halves(f.a.zw), halves(f.b.xy), halves(f.b.zw));
}
