// Stochastic gradient descent on a flat buffer, in place, behind the finiteness gate of squared_norm.
//   g = grad * factor + wd * p                factor = 1/tokens * clip coefficient: grad holds a sum over tokens
//   velocity = momentum * velocity + g        only in update_momentum, where it is the direction; otherwise that is g
//   p = p - lr * direction
// Weight decay is coupled, as in torch.optim.SGD, which this follows without dampening or Nesterov momentum.
// hyper, scalars: layout in kernels/squared_norm/hyper.ts. Reference: sgd.ref.ts.
override WG: u32 = 64;

struct Params { count: u32, weight_decay: f32, lr_scale: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> hyper: array<f32>;
@group(0) @binding(2) var<storage, read> scalars: array<u32>;
@group(0) @binding(3) var<storage, read> grad: array<f32>;
@group(0) @binding(4) var<storage, read_write> param: array<f32>;
@group(0) @binding(5) var<storage, read_write> velocity: array<f32>;

fn decayed_gradient(i: u32) -> f32 { return grad[i] * bitcast<f32>(scalars[1]) + p.weight_decay * param[i]; }

@compute @workgroup_size(WG)
fn update(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * grid.x + wg.x) * WG + lane;
  if (i >= p.count) { return; }
  if (scalars[2] != 1u) { return; }
  param[i] -= hyper[2] * p.lr_scale * decayed_gradient(i);
}

@compute @workgroup_size(WG)
fn update_momentum(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * grid.x + wg.x) * WG + lane;
  if (i >= p.count) { return; }
  if (scalars[2] != 1u) { return; }
  let direction = hyper[8] * velocity[i] + decayed_gradient(i);
  velocity[i] = direction;
  param[i] -= hyper[2] * p.lr_scale * direction;
}
