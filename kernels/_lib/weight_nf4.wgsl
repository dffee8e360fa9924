// Reads a packed weight in nf4. Appended to a kernel whose Params has code_words and scale_words (words per row of w_codes
// and w_scales). Layout: src/formats/layout.ts and nf4.ts. Value: table[code] * magnitude of its quantisation block of 64.
override FORMAT: u32 = 11; // 11: rows are whole blocks; 12: blocks run on from row to row

@group(0) @binding(2) var<storage, read> w_codes: array<u32>;
@group(0) @binding(3) var<storage, read> w_scales: array<u32>;

/** Elements of the row's first block that lie before the row. */
fn elems_before(row: u32) -> u32 {
  if (FORMAT == 11u) { return 0u; }
  return w_scales[row * p.scale_words];
}

/** Magnitudes of the block of column k and of the next one, which columns [k, k + 32) may reach; k is a multiple of 32. */
fn group_scale(row: u32, k: u32) -> vec2f {
  let base = row * p.scale_words;
  if (FORMAT == 11u) { return vec2f(bitcast<f32>(w_scales[base + k / 64u])); }
  let first = 1u + ((k & ~31u) + elems_before(row)) / 64u;
  return vec2f(bitcast<f32>(w_scales[base + first]), bitcast<f32>(w_scales[base + min(first + 1u, p.scale_words - 1u)]));
}

/** The table by the codes' bits from the lowest on: an array indexed by a variable is copied by some compilers. */
fn nf4_values(codes: vec4u) -> vec4f {
  let bit0 = (codes & vec4u(1u)) != vec4u(0u);
  let bit1 = (codes & vec4u(2u)) != vec4u(0u);
  let bit2 = (codes & vec4u(4u)) != vec4u(0u);
  let bit3 = (codes & vec4u(8u)) != vec4u(0u);
  let v0 = select(vec4f(-1.0), vec4f(-0.6961928009986877), bit0);
  let v2 = select(vec4f(-0.5250730514526367), vec4f(-0.39491748809814453), bit0);
  let v4 = select(vec4f(-0.28444138169288635), vec4f(-0.18477343022823334), bit0);
  let v6 = select(vec4f(-0.09105003625154495), vec4f(0.0), bit0);
  let v8 = select(vec4f(0.07958029955625534), vec4f(0.16093020141124725), bit0);
  let v10 = select(vec4f(0.24611230194568634), vec4f(0.33791524171829224), bit0);
  let v12 = select(vec4f(0.44070982933044434), vec4f(0.5626170039176941), bit0);
  let v14 = select(vec4f(0.7229568362236023), vec4f(1.0), bit0);
  let low = select(select(v0, v2, bit1), select(v4, v6, bit1), bit2);
  let high = select(select(v8, v10, bit1), select(v12, v14, bit1), bit2);
  return select(low, high, bit3);
}

/** Magnitudes of columns k to k + 3 of a row, of which `scale` has the two of its 32 columns. */
fn magnitudes(row: u32, k: u32, scale: vec2f) -> vec4f {
  if (FORMAT == 11u) { return vec4f(scale.x); }
  let before = elems_before(row);
  let first = ((k & ~31u) + before) / 64u;
  return select(vec4f(scale.x), vec4f(scale.y), (vec4u(k, k + 1u, k + 2u, k + 3u) + before) / 64u != vec4u(first));
}

/** Columns k to k + 3; k is a multiple of 4. */
fn weight_quad(row: u32, k: u32, scale: vec2f) -> vec4f {
  let word = w_codes[row * p.code_words + k / 8u] >> ((k & 4u) * 4u);
  return nf4_values(vec4u(word) >> vec4u(0u, 4u, 8u, 12u)) * magnitudes(row, k, scale);
}

fn weight_at(row: u32, k: u32) -> f32 { return weight_quad(row, k & ~3u, group_scale(row, k))[k & 3u]; }
