// Elementwise activations of the feed-forward block.
//   gated_forward   y = act(gate) * up                     act = silu, or gelu_tanh with GELU = 1
//   gated_backward  dgate = dy * up * act'(gate), dup = dy * act(gate)
//   gelu_forward    y = gelu_tanh(x)      gelu_backward  dx = dy * gelu_tanh'(x)
// Joined with _lib/activation.wgsl and _lib/vector_*.wgsl; count is in Vecs. Sources: Shazeer 2020, arXiv:2002.05202; Hendrycks &
// Gimpel 2016, arXiv:1606.08415. Reference: gated_activation.ref.ts.
override WG: u32 = 64;

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
