// Copies the labelled rows of a matrix into a compact one, and back.
//   gather          xg[i,:] = x[rows[f+i],:]  or 0 past the labelled rows            f = first_row
//   scatter         dx[rows[f+i],:] = dxg[i,:]
//   scatter_scaled  dx[rows[f+i],:] = d_nll[f+i] * dxg[i,:]     (FULL_SOURCE: dxg[rows[f+i],:])
//   zero            dx[:] = 0 over chunk_rows * cols values
// Shapes: x, dx [N, C]; xg, dxg [chunk_rows, C]; rows, d_nll [labelled rows], step[2] = labelled rows; the rows are
// distinct, so no two invocations write one element. One invocation per value. Reference: gather_rows.ref.ts.
override WG: u32 = 64;
override FULL_SOURCE: u32 = 0;

struct Params { chunk_rows: u32, cols: u32, first_row: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> d_nll: array<f32>;
@group(0) @binding(5) var<storage, read> dxg: array<f32>;
@group(0) @binding(6) var<storage, read_write> xg: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WG)
fn gather(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  if (index >= p.chunk_rows * p.cols) { return; }
  let source = p.first_row + index / p.cols;
  if (source >= step[2]) { xg[index] = 0.0; return; }
  xg[index] = x[rows[source] * p.cols + index % p.cols];
}

@compute @workgroup_size(WG)
fn scatter(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  if (index >= p.chunk_rows * p.cols) { return; }
  let source = p.first_row + index / p.cols;
  if (source >= step[2]) { return; }
  dx[rows[source] * p.cols + index % p.cols] = dxg[index];
}

@compute @workgroup_size(WG)
fn scatter_scaled(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  if (index >= p.chunk_rows * p.cols) { return; }
  let source = p.first_row + index / p.cols;
  if (source >= step[2]) { return; }
  let destination = rows[source] * p.cols + index % p.cols;
  dx[destination] = d_nll[source] * dxg[select(index, destination, FULL_SOURCE == 1u)];
}

@compute @workgroup_size(WG)
fn zero(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  if (index >= p.chunk_rows * p.cols) { return; }
  dx[index] = 0.0;
}
