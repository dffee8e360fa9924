// Row factors of a weight-decomposed adapter (DoRA), from a packed weight and the adapter's matrices:
//   inverse_norm[o] = 1 / |W[o] + lora_scale * B[o]·A|
//   factor[o]       = ((1 - weight) * |W[o]| + weight * magnitude[o]) * inverse_norm[o]
// W [O, I] packed (kernels/_lib), a part that begins at row first_row of the layer; A [R, I] and B [O, R] with rows padded to
// four values, magnitude, factor and inverse_norm [O] of the whole layer. Rows of norm zero have factor and inverse_norm 0.
// A workgroup of 64 per row, its lanes split I.
// Source: Liu et al. 2024, arXiv:2402.09353, eq. 5. Reference: dora_scale.ref.ts.
override WG: u32 = 64;

struct Params {
  rows: u32, cols: u32, first_row: u32, rank: u32, code_words: u32, scale_words: u32, lora_scale: f32, weight: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> magnitude: array<f32>;
@group(0) @binding(4) var<storage, read> lora_a: array<f32>;
@group(0) @binding(5) var<storage, read> lora_b: array<f32>;
@group(0) @binding(6) var<storage, read_write> factor: array<f32>;
@group(0) @binding(7) var<storage, read_write> inverse_norm: array<f32>;

const LANES4 = vec4u(0u, 1u, 2u, 3u);

/** Squared lengths of a row of W and of the adapted row, over every `step`-th quad of columns from `first` on. */
fn squares(row: u32, first: u32, step: u32) -> vec2f {
  let b_row = (p.first_row + row) * ((p.rank + 3u) & ~3u);
  let a_stride = (p.cols + 3u) & ~3u;
  var base = vec4f();
  var adapted = vec4f();
  for (var c = first * 4u; c < p.cols; c += step * 4u) {
    let inside = vec4u(c) + LANES4 < vec4u(p.cols);
    let w = select(vec4f(), weight_quad(row, c, group_scale(row, c)), inside);
    var branch = vec4f();
    for (var r = 0u; r < p.rank; r++) {
      let at = r * a_stride + c;
      branch += lora_b[b_row + r] * vec4f(lora_a[at], lora_a[at + 1u], lora_a[at + 2u], lora_a[at + 3u]);
    }
    let v = select(vec4f(), w + p.lora_scale * branch, inside);
    base += w * w;
    adapted += v * v;
  }
  return vec2f(base.x + base.y + base.z + base.w, adapted.x + adapted.y + adapted.z + adapted.w);
}

fn write(row: u32, sums: vec2f) {
  let o = p.first_row + row;
  let inverse = select(0.0, 1.0 / sqrt(sums.y), sums.y > 0.0);
  inverse_norm[o] = inverse;
  factor[o] = ((1.0 - p.weight) * sqrt(sums.x) + p.weight * magnitude[o]) * inverse;
}

var<workgroup> partials: array<vec2f, WG>;

@compute @workgroup_size(WG)
fn forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * grid.x + wg.x;
  if (row >= p.rows) { return; }
  partials[lane] = squares(row, lane, WG);
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half >>= 1u) {
    if (lane < half) { partials[lane] += partials[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { write(row, partials[0]); }
}
