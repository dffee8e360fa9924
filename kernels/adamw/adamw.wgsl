// AdamW on a flat buffer, in place, behind the finiteness gate of squared_norm.
//   g = grad * factor                         factor = 1/tokens * clip coefficient: grad holds a sum over tokens
//   m = m + (1 - beta1) * (g - m)             v = v + (1 - beta2) * (g^2 - v)
//   p = p - lr * ((m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps) + wd * p)
// The decay is subtracted, not multiplied as 1 - lr * wd: in f32 that factor is off by up to 0.3 % of lr * wd = 1e-5.
// The update uses 1 - beta, which the host computes in f64 and rounds: with beta2 = 0.999 rounded to f32, v drifts by 1e-5 in
// 1000 steps. An invocation updates eight values, a workgroup's width apart, and reads shared values once. hyper, scalars:
// layout in kernels/squared_norm/hyper.ts. lr is the schedule's value times the group's lr_scale. Sources: Loshchilov & Hutter
// 2019, arXiv:1711.05101; order and eps as in torch.optim.AdamW. Reference: adamw.ref.ts.
override WG: u32 = 64;

struct Params { count: u32, weight_decay: f32, lr_scale: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> hyper: array<f32>;
@group(0) @binding(2) var<storage, read> scalars: array<u32>;
@group(0) @binding(3) var<storage, read> grad: array<f32>;
@group(0) @binding(4) var<storage, read_write> param: array<f32>;
@group(0) @binding(5) var<storage, read_write> m: array<f32>;
@group(0) @binding(6) var<storage, read_write> v: array<f32>;

const EACH = 8u;

@compute @workgroup_size(WG)
fn update(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let start = (wg.y * grid.x + wg.x) * WG * EACH;
  if (scalars[2] != 1u) { return; }
  let factor = bitcast<f32>(scalars[1]);
  let lr = hyper[2] * p.lr_scale;
  let eps = hyper[5];
  let corrections = vec2f(hyper[6], hyper[7]);
  let steps = vec2f(hyper[9], hyper[10]);
  for (var i = start + lane; i < min(start + WG * EACH, p.count); i += WG) {
    let g = grad[i] * factor;
    let m_old = m[i];
    let v_old = v[i];
    let value = param[i];
    let first = m_old + steps.x * (g - m_old);
    let second = v_old + steps.y * (g * g - v_old);
    m[i] = first;
    v[i] = second;
    let direction = (first / corrections.x) / (sqrt(second / corrections.y) + eps);
    param[i] = value - lr * (direction + p.weight_decay * value);
  }
}
