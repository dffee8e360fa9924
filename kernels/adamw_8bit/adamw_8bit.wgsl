// AdamW as in kernels/adamw, with both moments stored in 8 bits: one code per value, one f32 scale per block of 256 values.
//   m, v = decoded moments, updated in f32 as adamw does; p is updated from them; then both are encoded again.
// A code is a dynamic tree: t in [2^i, 2^(i+1)) stands for DECADES[i + 1] * (0.1 + 0.9 * (t - 2^i + 0.5) / 2^i), 0 for 0:
// few codes in small decades, many in large ones. The codes of v stand for sqrt(v), which spans half as many decades, and
// take t of 8 bits; those of m a sign and t of 7 bits, one decade up.
// scale = largest magnitude of the block / the largest t's value, so that repeated encoding does not change the
// largest; sqrt(v) is never rounded down to 0, because m / sqrt(v) would then have no bound.
// m, v: four codes a word, lowest byte first; count is a multiple of 4; the last block may be short.
// hyper, scalars: layout in kernels/squared_norm/hyper.ts.
// Sources: Dettmers et al. 2021, arXiv:2110.02861; no zero for v: Li et al. 2023, arXiv:2309.01507. Reference:
// adamw_8bit.ref.ts.

const BLOCK = 256u;
const DECADES = array<f32, 8>(1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0);
// Values of the largest t, of 7 and of 8 bits.
const TOP_M = 0.1 + 0.9 * 63.5 / 64.0;
const TOP_V = 0.1 + 0.9 * 127.5 / 128.0;

struct Params { count: u32, weight_decay: f32, lr_scale: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> hyper: array<f32>;
@group(0) @binding(2) var<storage, read> scalars: array<u32>;
@group(0) @binding(3) var<storage, read> grad: array<f32>;
@group(0) @binding(4) var<storage, read_write> param: array<f32>;
@group(0) @binding(5) var<storage, read_write> m: array<u32>;
@group(0) @binding(6) var<storage, read_write> v: array<u32>;
@group(0) @binding(7) var<storage, read_write> m_scales: array<f32>;
@group(0) @binding(8) var<storage, read_write> v_scales: array<f32>;

struct Moments { first: vec4f, second: vec4f }

// Of magnitude t, with decades counted from `lowest`.
fn decoded(t: u32, lowest: u32) -> f32 {
  if (t == 0u) { return 0.0; }
  let i = firstLeadingBit(t);
  return DECADES[i + lowest] * (0.1 + 0.9 * (f32(t - (1u << i)) + 0.5) / f32(1u << i));
}

// The nearest t, of so many bits, to a ratio of 0 to 1; `least` where that would be 0 though the ratio is not.
fn encoded(ratio: f32, bits: u32, least: u32) -> u32 {
  if (ratio <= 0.0) { return 0u; }
  let lowest = 8u - bits;
  if (ratio < 0.5 * decoded(1u, lowest)) { return least; }
  var i = bits - 1u;
  while (i > 0u && ratio < 0.1 * DECADES[i + lowest]) { i -= 1u; }
  let steps = 1u << i;
  let step = max(0.0, (ratio / DECADES[i + lowest] - 0.1) / 0.9 * f32(steps));
  let t = steps + u32(step);   // below 2^bits, since no ratio is above the largest t's value
  // At the bottom of a decade the last step of the one below, which is finer, may be nearer.
  if (t > 1u && ratio - decoded(t - 1u, lowest) < decoded(t, lowest) - ratio) { return t - 1u; }
  return t;
}

// The updated moments of values 4 * word to 4 * word + 3.
fn updated(word: u32, m_scale: f32, v_scale: f32) -> Moments {
  var moments: Moments;
  for (var e = 0u; e < 4u; e += 1u) {
    let m_code = (m[word] >> (8u * e)) & 0xffu;
    let magnitude = m_scale * decoded(m_code & 0x7fu, 1u);
    let first = select(magnitude, -magnitude, m_code > 0x7fu);
    let root = v_scale * decoded((v[word] >> (8u * e)) & 0xffu, 0u);
    let second = root * root;
    let g = grad[4u * word + e] * bitcast<f32>(scalars[1]);
    moments.first[e] = first + hyper[9] * (g - first);
    moments.second[e] = second + hyper[10] * (g * g - second);
  }
  return moments;
}

// Moves the parameters of a word by its updated moments and encodes these under the block's new scales.
fn write(word: u32, moments: Moments, m_scale: f32, v_scale: f32) {
  let lr = hyper[2] * p.lr_scale;
  var m_word = 0u;
  var v_word = 0u;
  for (var e = 0u; e < 4u; e += 1u) {
    let i = 4u * word + e;
    let first = moments.first[e];
    let second = moments.second[e];
    let direction = (first / hyper[6]) / (sqrt(second / hyper[7]) + hyper[5]);
    param[i] -= lr * (direction + p.weight_decay * param[i]);
    if (m_scale > 0.0) {
      m_word |= (encoded(abs(first) / m_scale, 7u, 0u) | select(0u, 0x80u, first < 0.0)) << (8u * e);
    }
    if (v_scale > 0.0) { v_word |= encoded(sqrt(second) / v_scale, 8u, 1u) << (8u * e); }
  }
  m[word] = m_word;
  v[word] = v_word;
}

fn largest(values: vec4f) -> f32 {
  let a = abs(values);
  return max(max(a.x, a.y), max(a.z, a.w));
}

var<workgroup> largest_m: array<f32, 64>;
var<workgroup> largest_v: array<f32, 64>;

// A workgroup of 64 lanes takes a block, a lane one word of it.
@compute @workgroup_size(64)
fn update_workgroup(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = wg.y * grid.x + wg.x;
  if (block * BLOCK >= p.count) { return; }   // uniform: all lanes of a block leave together
  if (scalars[2] != 1u) { return; }
  let word = block * (BLOCK / 4u) + lane;
  let inside = 4u * word < p.count;
  var moments: Moments;
  if (inside) { moments = updated(word, m_scales[block], v_scales[block]); }
  largest_m[lane] = largest(moments.first);
  largest_v[lane] = largest(moments.second);
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) {
      largest_m[lane] = max(largest_m[lane], largest_m[lane + half]);
      largest_v[lane] = max(largest_v[lane], largest_v[lane + half]);
    }
    workgroupBarrier();
  }
  let m_scale = largest_m[0] / TOP_M;
  let v_scale = sqrt(largest_v[0]) / TOP_V;
  if (inside) { write(word, moments, m_scale, v_scale); }
  if (lane == 0u) {
    m_scales[block] = m_scale;
    v_scales[block] = v_scale;
  }
}
