// Copies a block of columns between two matrices with the same number of rows: y[n, to + c] = x[n, from + c] for c < cols.
// Splits a fused projection into its parts, and joins their gradients. Other columns of y stay as they are.
// x [N, x_stride], y [N, y_stride] row-major; cols, strides and offsets are in Vecs. An invocation copies one Vec.
// Joined with _lib/vector_*.wgsl. Reference: copy_columns.ref.ts.
override WG: u32 = 64;

struct Params { rows: u32, cols: u32, x_stride: u32, x_offset: u32, y_stride: u32, y_offset: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Vec>;
@group(0) @binding(2) var<storage, read_write> y: array<Vec>;

@compute @workgroup_size(WG)
fn copy(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  let n = index / p.cols;
  if (n >= p.rows) { return; }
  let c = index % p.cols;
  y[n * p.y_stride + p.y_offset + c] = x[n * p.x_stride + p.x_offset + c];
}
