// Decay of a flat parameter group towards the values it started from, in place, before the optimizer's update and behind the
// finiteness gate of squared_norm:
//   p = p + lr * decay * (start - p)
// This is AdamW's decoupled decay with `start` in place of 0: the step of an L2 penalty decay / 2 * |p - start|^2 that the
// moments do not include. hyper, scalars: layout in kernels/squared_norm/hyper.ts. lr is the schedule's value times the group's
// lr_scale. Sources: Li, Grandvalet & Davoine 2018, arXiv:1802.01483 (L2-SP); Loshchilov & Hutter 2019, arXiv:1711.05101.
// Reference: decay_to_start.ref.ts.
override WG: u32 = 64;

struct Params { count: u32, decay: f32, lr_scale: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> hyper: array<f32>;
@group(0) @binding(2) var<storage, read> scalars: array<u32>;
@group(0) @binding(3) var<storage, read> start: array<f32>;
@group(0) @binding(4) var<storage, read_write> param: array<f32>;

@compute @workgroup_size(WG)
fn pull(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * grid.x + wg.x) * WG + lane;
  if (i >= p.count || scalars[2] != 1u) { return; }
  param[i] += hyper[2] * p.lr_scale * p.decay * (start[i] - param[i]);
}
