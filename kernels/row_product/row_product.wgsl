// Product of one row with a packed weight, for decoding, fused with the operations right before and right after it:
//   z[o] = factor * sum_i u[i] W[o,i] (+ bias[o])
//   product        y[o] = z[o]
//   product_add    y[o] = z[o] + added[o]
//   product_gated  y[o] = act(z[o]) * z[O + o]                  with W of 2 O rows: gate over up
// W [O, I] packed, I a multiple of 16; y at columns from out_offset on. u and factor come from the row x as input_*.wgsl says:
//   input_row    u = x                          factor = 1
//   input_norm   u = x * (norm + norm_offset)   factor = 1 / sqrt(mean(x^2) + eps)
//   input_parts  u[h,d] = sum_s weight[s,h] * parts[s,h,d]      the parts of kernels/split_attention, combined
// A workgroup of 64 has two halves of 32 lanes with four rows of W each; a lane takes sixteen columns at a time, so that codes are
// read with the fewest possible loads. Joined with one of these, bias.wgsl or no_bias.wgsl, _lib/activation.wgsl,
// _lib/vector_1.wgsl and a reader of sixteen columns. Reference: row_product.ref.ts.
struct Params {
  in_features: u32, out_features: u32, out_offset: u32, code_words: u32, scale_words: u32,
  eps: f32, norm_offset: f32, heads: u32, head_vecs: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(6) var<storage, read> added: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

const HALF = 32u;

var<workgroup> lane_sums: array<vec4f, 64>;

fn add_products(sum: vec4f, u: mat4x4f, w: mat4x4f) -> vec4f {
  return fma(u[3], w[3], fma(u[2], w[2], fma(u[1], w[1], fma(u[0], w[0], sum))));
}

fn sum_of(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

/** Leaves the sums of `rows`, which a half shares, in lane_sums[0] and lane_sums[32]. */
fn compute(rows: vec4u, lane: u32) {
  prepare_input(lane);
  var a = vec4f();
  var b = vec4f();
  var c = vec4f();
  var d = vec4f();
  for (var k = lane % HALF * 16u; k < p.in_features; k += HALF * 16u) {
    let from_a = fetch(rows.x, k);
    let from_b = fetch(rows.y, k);
    let from_c = fetch(rows.z, k);
    let from_d = fetch(rows.w, k);
    let u = input_quads(k / 4u);
    a = add_products(a, u, unpack(from_a));
    b = add_products(b, u, unpack(from_b));
    c = add_products(c, u, unpack(from_c));
    d = add_products(d, u, unpack(from_d));
  }
  lane_sums[lane] = vec4f(sum_of(a), sum_of(b), sum_of(c), sum_of(d));
  keep_squares(lane);
  workgroupBarrier();
  for (var half = HALF / 2u; half > 0u; half >>= 1u) {
    if (lane % HALF < half) {
      lane_sums[lane] += lane_sums[lane + half];
      add_squares(lane, half);
    }
    workgroupBarrier();
  }
}

fn four_rows(first: u32, end: u32) -> vec4u { return min(vec4u(first) + vec4u(0u, 1u, 2u, 3u), vec4u(end - 1u)); }

/** z of the output that a lane of the first eight has, of those from `first` on. */
fn result(lane: u32, first: u32) -> f32 { return factor() * lane_sums[lane / 4u * HALF][lane % 4u] + bias_at(first + lane); }

@compute @workgroup_size(64)
fn product(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (wg.y * grid.x + wg.x) * 8u;
  if (first >= p.out_features) { return; }
  compute(four_rows(first + lane / HALF * 4u, p.out_features), lane);
  if (lane < 8u && first + lane < p.out_features) { y[p.out_offset + first + lane] = result(lane, first); }
}

@compute @workgroup_size(64)
fn product_add(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (wg.y * grid.x + wg.x) * 8u;
  if (first >= p.out_features) { return; }
  compute(four_rows(first + lane / HALF * 4u, p.out_features), lane);
  if (lane < 8u && first + lane < p.out_features) { y[p.out_offset + first + lane] = result(lane, first) + added[first + lane]; }
}

@compute @workgroup_size(64)
fn product_gated(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (wg.y * grid.x + wg.x) * 4u;
  if (first >= p.out_features) { return; }
  let up = lane / HALF * p.out_features;
  compute(four_rows(up + first, up + p.out_features), lane);
  if (lane < 4u && first + lane < p.out_features) {
    let gate = factor() * lane_sums[0][lane] + bias_at(first + lane);
    y[p.out_offset + first + lane] = activation(gate).value * (factor() * lane_sums[HALF][lane] + bias_at(p.out_features + first + lane));
  }
}
