// Global norm of the accumulated gradients, the clipping factor, and the gate that blocks a non-finite step.
//   partial  partials[f+b] = sum of grad^2 over block b of 4096 values, or a non-finite pattern     f = first_partial
//   finish   norm   = sqrt(sum of partials) * inv_tokens                 gradient buffers hold sums over tokens
//            factor = inv_tokens * min(1, max_norm / (norm + 1e-6))      max_norm 0: no clipping
//            ok     = ok and norm is finite
// Finiteness is decided on bit patterns: implementations may assume that NaN and infinity do not occur. Squares that
// overflow count as non-finite. Sums run in short blocks of fixed order: compensated sums do not survive compilers that
// reassociate. The lanes of a workgroup share a block.
// Source of the coefficient: torch.nn.utils.clip_grad_norm_. Reference: squared_norm.ref.ts.
override WG: u32 = 256;

const BLOCK = 4096u;
const NON_FINITE = 0x7fc00000u;

struct Params { count: u32, first_partial: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> grad: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<u32>;
@group(0) @binding(4) var<storage, read_write> scalars: array<u32>;

var<workgroup> lane_sum: array<f32, WG>;
var<workgroup> lane_bad: array<u32, WG>;

fn is_bad(bits: u32) -> bool { return (bits & 0x7f800000u) == 0x7f800000u; }

// A value that is not finite is kept out of the sum, so that nothing rests on how a device adds NaN or infinity.
fn finite_or_zero(bits: u32) -> f32 { return bitcast<f32>(select(bits, 0u, is_bad(bits))); }

fn reduce_lanes(lane: u32) {
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half >>= 1u) {
    if (lane < half) {
      lane_sum[lane] += lane_sum[lane + half];
      lane_bad[lane] |= lane_bad[lane + half];
    }
    workgroupBarrier();
  }
}

fn store_partial(block: u32, sum: f32, bad: u32) {
  partials[p.first_partial + block] = select(bitcast<u32>(sum), NON_FINITE, bad != 0u);
}

@compute @workgroup_size(WG)
fn partial_workgroup(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = wg.y * grid.x + wg.x;
  if (block * BLOCK >= p.count) { return; }
  let end = min((block + 1u) * BLOCK, p.count);
  var sum = 0.0;
  var bad = 0u;
  for (var i = block * BLOCK + lane; i < end; i += WG) {
    let bits = grad[i];
    bad |= u32(is_bad(bits));
    let value = finite_or_zero(bits);
    sum += value * value;
  }
  lane_sum[lane] = sum;
  lane_bad[lane] = bad;
  reduce_lanes(lane);
  if (lane == 0u) { store_partial(block, lane_sum[0], lane_bad[0]); }
}

fn store_scalars(sum: f32, bad: u32) {
  let norm = sqrt(sum) * hyper[0];
  if (bad != 0u || is_bad(bitcast<u32>(sum)) || is_bad(bitcast<u32>(norm))) {
    scalars[0] = NON_FINITE;
    scalars[1] = 0u;
    scalars[2] = 0u;
    return;
  }
  var clip = 1.0;
  if (hyper[1] > 0.0) { clip = min(1.0, hyper[1] / (norm + 1e-6)); }
  scalars[0] = bitcast<u32>(norm);
  scalars[1] = bitcast<u32>(hyper[0] * clip);
}

@compute @workgroup_size(WG)
fn finish_workgroup(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  var bad = 0u;
  for (var i = lane; i < p.count; i += WG) {
    bad |= u32(is_bad(partials[i]));
    sum += finite_or_zero(partials[i]);
  }
  lane_sum[lane] = sum;
  lane_bad[lane] = bad;
  reduce_lanes(lane);
  if (lane == 0u) { store_scalars(lane_sum[0], lane_bad[0]); }
}
