// Elementwise sum: y = a + b, or into += b. Any shape; count is in Vecs.
// Joined with _lib/vector_*.wgsl. Reference: add.ref.ts.
override WG: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<Vec>;
@group(0) @binding(2) var<storage, read> b: array<Vec>;
@group(0) @binding(3) var<storage, read_write> y: array<Vec>;
@group(0) @binding(4) var<storage, read_write> into: array<Vec>;

@compute @workgroup_size(WG)
fn sum(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * grid.x + wg.x) * WG + lane;
  if (i >= p.count) { return; }
  y[i] = a[i] + b[i];
}

@compute @workgroup_size(WG)
fn sum_in_place(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * grid.x + wg.x) * WG + lane;
  if (i >= p.count) { return; }
  into[i] += b[i];
}
