// Elementwise activations of the feed-forward block.
//   gated_forward   y = act(gate) * up                     act = silu, or gelu_tanh with GELU = 1
//   gated_backward  dgate = dy * up * act'(gate), dup = dy * act(gate)
//   gelu_forward    y = gelu_tanh(x)      gelu_backward  dx = dy * gelu_tanh'(x)
// Both activations are x * sigmoid(z(x)): z = x for silu, and z = 2 sqrt(2/pi) (x + 0.044715 x^3) for gelu_tanh, since
// (1 + tanh(u)) / 2 = sigmoid(2u). That needs no tanh, which is NaN from 89 on under SwiftShader.
// Joined with _lib/vector_*.wgsl; count is in Vecs. Sources: Shazeer 2020, arXiv:2002.05202; Hendrycks & Gimpel 2016,
// arXiv:1606.08415. Reference: gated_activation.ref.ts.
override WG: u32 = 64;
override GELU: u32 = 0;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> gate: array<Vec>;
@group(0) @binding(2) var<storage, read> up: array<Vec>;
@group(0) @binding(3) var<storage, read> x: array<Vec>;
@group(0) @binding(4) var<storage, read> dy: array<Vec>;
@group(0) @binding(5) var<storage, read_write> y: array<Vec>;
@group(0) @binding(6) var<storage, read_write> dgate: array<Vec>;
@group(0) @binding(7) var<storage, read_write> dup: array<Vec>;
@group(0) @binding(8) var<storage, read_write> dx: array<Vec>;

const TWO_ROOT_TWO_OVER_PI: f32 = 1.5957691216057308;
const CUBIC: f32 = 0.044715;
// Beyond this the sigmoids are 0 or 1 in f32, and nothing below can overflow.
const SATURATED: f32 = 60.0;

struct Activation { value: Vec, slope: Vec }

fn activation(at: Vec) -> Activation {
  let bounded = clamp(at, Vec(-SATURATED), Vec(SATURATED));
  var z = bounded;
  var dz = Vec(1.0);
  if (GELU == 1u) {
    let square = bounded * bounded;
    z = clamp(TWO_ROOT_TWO_OVER_PI * bounded * (Vec(1.0) + CUBIC * square), Vec(-SATURATED), Vec(SATURATED));
    dz = TWO_ROOT_TWO_OVER_PI * (Vec(1.0) + 3.0 * CUBIC * square);
  }
  let e = exp(-z);
  let sigmoid = Vec(1.0) / (Vec(1.0) + e);
  // sigmoid' = sigmoid * (1 - sigmoid), the second factor as e * sigmoid so that it does not cancel.
  return Activation(at * sigmoid, sigmoid + bounded * dz * sigmoid * (e * sigmoid));
}

fn element(wg: vec3u, grid: vec3u, lane: u32) -> u32 { return (wg.y * grid.x + wg.x) * WG + lane; }

@compute @workgroup_size(WG)
fn gated_forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = element(wg, grid, lane);
  if (i >= p.count) { return; }
  y[i] = activation(gate[i]).value * up[i];
}

@compute @workgroup_size(WG)
fn gated_backward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = element(wg, grid, lane);
  if (i >= p.count) { return; }
  let act = activation(gate[i]);
  dgate[i] = dy[i] * up[i] * act.slope;
  dup[i] = dy[i] * act.value;
}

@compute @workgroup_size(WG)
fn gelu_forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = element(wg, grid, lane);
  if (i >= p.count) { return; }
  y[i] = activation(x[i]).value;
}

@compute @workgroup_size(WG)
fn gelu_backward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = element(wg, grid, lane);
  if (i >= p.count) { return; }
  dx[i] = dy[i] * activation(x[i]).slope;
}
