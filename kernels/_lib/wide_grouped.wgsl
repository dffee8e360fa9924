// Reads sixteen columns of a row of a packed weight in q4 or q8 at a time, with the fewest possible loads; k is a multiple of 16.
// Layout and value as in weight_grouped.wgsl. `fetch` loads and `unpack` computes, so that other work can hide the latency of a
// load.
override FORMAT: u32 = 4; // 3 q8, 4 q4

@group(0) @binding(2) var<storage, read> w_codes: array<vec2u>;
@group(0) @binding(3) var<storage, read> w_scales: array<u32>;

struct Fetched { codes: vec4u, scale: u32 }

fn fetch(row: u32, k: u32) -> Fetched {
  let scale = w_scales[row * p.scale_words + k / 32u];
  if (FORMAT == 3u) {
    let at = (row * p.code_words + k / 4u) / 2u;
    return Fetched(vec4u(w_codes[at], w_codes[at + 1u]), scale);
  }
  return Fetched(vec4u(w_codes[(row * p.code_words + k / 8u) / 2u], 0u, 0u), scale);
}

fn bytes_of(word: u32) -> vec4u { return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u); }

fn signed_bytes_of(word: u32) -> vec4f { return vec4f(vec4i(vec4u(word << 24u, word << 16u, word << 8u, word)) >> vec4u(24u)); }

/** Four quads of consecutive columns. */
fn unpack(f: Fetched) -> mat4x4f {
  let scale = unpack2x16float(f.scale);
  if (FORMAT == 3u) {
    return scale.x * mat4x4f(signed_bytes_of(f.codes.x), signed_bytes_of(f.codes.y), signed_bytes_of(f.codes.z), signed_bytes_of(f.codes.w));
  }
  let low = mat2x4f(vec4f(bytes_of(f.codes.x & 0x0f0f0f0fu)), vec4f(bytes_of(f.codes.y & 0x0f0f0f0fu)));
  let high = mat2x4f(vec4f(bytes_of((f.codes.x >> 4u) & 0x0f0f0f0fu)), vec4f(bytes_of((f.codes.y >> 4u) & 0x0f0f0f0fu)));
  return mat4x4f(
    fma(vec4f(low[0].x, high[0].x, low[0].y, high[0].y), vec4f(scale.x), vec4f(scale.y)),
    fma(vec4f(low[0].z, high[0].z, low[0].w, high[0].w), vec4f(scale.x), vec4f(scale.y)),
    fma(vec4f(low[1].x, high[1].x, low[1].y, high[1].y), vec4f(scale.x), vec4f(scale.y)),
    fma(vec4f(low[1].z, high[1].z, low[1].w, high[1].w), vec4f(scale.x), vec4f(scale.y)),
  );
}
