// Rows in halves (f16) for products by subgroup matrices, each multiplied by a power of two of its own:
//   halves[n] = x[n, offset + k] * 2^e for k < C, zeros up to a multiple of 32, then 2^-e as f32 and three words of zeros
// 2^e brings the row's largest magnitude into [2^14, 2^15): no value leaves the range of f16, and values down to 2^-28 of the
// largest keep eleven bits. It is at most 2^126, so that 2^-e is a normal number; a row of zeros stays zeros.
// A row with NaN or an infinity becomes zeros with NaN in place of 2^-e, so that every result computed from it is NaN.
//   pack  a workgroup of 64 packs a row
struct Params { rows: u32, cols: u32, stride: u32, offset: u32, row_words: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> halves: array<u32>;

var<workgroup> lane_largest: array<u32, 64>;

fn bits_at(n: u32, k: u32) -> u32 {
  if (k >= p.cols) { return 0u; }
  return bitcast<u32>(x[n * p.stride + p.offset + k]);
}

@compute @workgroup_size(64)
fn pack(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = wg.y * grid.x + wg.x;
  if (n >= p.rows) { return; }
  // Magnitudes are in the order of their bits.
  var largest = 0u;
  for (var k = lane; k < p.cols; k += 64u) { largest = max(largest, bits_at(n, k) & 0x7fffffffu); }
  lane_largest[lane] = largest;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) { lane_largest[lane] = max(lane_largest[lane], lane_largest[lane + half]); }
    workgroupBarrier();
  }
  let top = lane_largest[0];
  let is_finite = top < 0x7f800000u;
  let exponent = max(top >> 23u, 15u);
  let up = bitcast<f32>((268u - exponent) << 23u);
  let down = select(0x7fc00000u, (exponent - 14u) << 23u, is_finite);
  let at = n * p.row_words;
  let words = p.row_words - 4u;
  for (var word = lane; word < words; word += 64u) {
    let pair = vec2u(bits_at(n, word * 2u), bits_at(n, word * 2u + 1u));
    halves[at + word] = pack2x16float(up * bitcast<vec2f>(select(vec2u(0u), pair, is_finite)));
  }
  if (lane < 4u) { halves[at + words + lane] = select(0u, down, lane == 0u); }
}
