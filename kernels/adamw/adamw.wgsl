// AdamW on a flat buffer, in place, behind the finiteness gate of squared_norm.
//   g = grad * factor                         factor = 1/tokens * clip coefficient: grad holds a sum over tokens
//   m = m + (1 - beta1) * (g - m)             v = v + (1 - beta2) * (g^2 - v)
//   p = p - lr * ((m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps) + wd * p)
// The decay is subtracted, not multiplied as 1 - lr * wd: in f32 that factor is off by up to 0.3 % of lr * wd = 1e-5.
// The moments move by 1 - beta, which the host rounds from f64: beta2 = 0.999 rounded to f32 drifts by 1e-5 in 1000 steps.
// hyper, scalars: layout in kernels/squared_norm/hyper.ts. lr is the schedule's value times the group's lr_scale.
// Sources: Loshchilov & Hutter 2019, arXiv:1711.05101; order and eps as in torch.optim.AdamW. Reference: adamw.ref.ts.
override WG: u32 = 64;

struct Params { count: u32, weight_decay: f32, lr_scale: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> hyper: array<f32>;
@group(0) @binding(2) var<storage, read> scalars: array<u32>;
@group(0) @binding(3) var<storage, read> grad: array<f32>;
@group(0) @binding(4) var<storage, read_write> param: array<f32>;
@group(0) @binding(5) var<storage, read_write> m: array<f32>;
@group(0) @binding(6) var<storage, read_write> v: array<f32>;

@compute @workgroup_size(WG)
fn update(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * grid.x + wg.x) * WG + lane;
  if (i >= p.count) { return; }
  if (scalars[2] != 1u) { return; }
  let lr = hyper[2] * p.lr_scale;
  let g = grad[i] * bitcast<f32>(scalars[1]);
  let first = m[i] + hyper[9] * (g - m[i]);
  let second = v[i] + hyper[10] * (g * g - v[i]);
  m[i] = first;
  v[i] = second;
  let direction = (first / hyper[6]) / (sqrt(second / hyper[7]) + hyper[5]);
  param[i] -= lr * (direction + p.weight_decay * param[i]);
}
