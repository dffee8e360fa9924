// Product reduced over the rows of both factors: the gradients of LoRA's A (dh, x) and B (dy, h).
//   g[p,q] = alpha * sum_n a[n, a_offset + p] b[n, b_offset + q] (+ g[p,q])
// a [N, a_stride], b [N, b_stride], g [P, g_stride], all dense f32. No transposed copy, no atomics.
//   tile   a workgroup of 256 computes 32 x 32 of g: four teams of 64 lanes share the rows of a tile of 16, each lane
//          sums 4 x 4 over its team's rows, and the teams' sums are added in order
//   naive  one output an invocation: a second reference
// The order of the additions is fixed, and rows of zeros at the end do not change the result.
override ACCUMULATE: u32 = 0;

struct Params { rows: u32, p_len: u32, q_len: u32, a_stride: u32, a_offset: u32, b_stride: u32, b_offset: u32, g_stride: u32, swapped: u32, alpha: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> g: array<f32>;

fn store(row: u32, col: u32, dot_ab: f32) {
  let at = row * p.g_stride + col;
  if (ACCUMULATE == 1u) { g[at] += p.alpha * dot_ab; } else { g[at] = p.alpha * dot_ab; }
}

@compute @workgroup_size(64)
fn naive(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * grid.x + wg.x) * 64u + lane;
  let row = index / p.q_len;
  let col = index % p.q_len;
  if (row >= p.p_len) { return; }
  var dot_ab = 0.0;
  for (var n = 0u; n < p.rows; n++) { dot_ab += a[n * p.a_stride + p.a_offset + row] * b[n * p.b_stride + p.b_offset + col]; }
  store(row, col, dot_ab);
}

const LANES4 = vec4u(0u, 1u, 2u, 3u);

fn a_at(n: u32, row: u32) -> f32 { return a[n * p.a_stride + p.a_offset + min(row, p.p_len - 1u)]; }

fn a_quad(n: u32, row: u32) -> vec4f {
  return vec4f(a_at(n, row), a_at(n, row + 1u), a_at(n, row + 2u), a_at(n, row + 3u));
}

fn b_quad(n: u32, col: u32) -> vec4f {
  let at = vec4u(n * p.b_stride + p.b_offset) + min(vec4u(col) + LANES4, vec4u(p.q_len - 1u));
  return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
}

// 16 rows n of 32 columns (8 vec4) each, of a and of b; then the 4 x 4 sums of the lanes of teams 1 to 3. 16 KiB together.
const STEP = 16u;
const TEAMS = 4u;
var<workgroup> a_tile: array<vec4f, STEP * 8u>;
var<workgroup> b_tile: array<vec4f, STEP * 8u>;
var<workgroup> sums: array<mat4x4f, 192>;

@compute @workgroup_size(256)
fn tile(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (p.q_len + 31u) / 32u;
  let index = wg.y * grid.x + wg.x;
  let row0 = (index / tiles) * 32u;
  let col0 = (index % tiles) * 32u;
  if (row0 >= p.p_len) { return; }
  let team = lane / 64u;
  let member = lane % 64u;
  let row = row0 + (member / 8u) * 4u;
  let col = col0 + (member % 8u) * 4u;
  var acc = mat4x4f();
  for (var start = 0u; start < p.rows; start += STEP) {
    // The first 128 lanes load a, the others b.
    let slot = lane % 128u;
    let n = start + slot / 8u;
    var values = vec4f();
    if (lane < 128u) {
      if (n < p.rows) { values = a_quad(n, row0 + (slot % 8u) * 4u); }
      a_tile[slot] = values;
    } else {
      if (n < p.rows) { values = b_quad(n, col0 + (slot % 8u) * 4u); }
      b_tile[slot] = values;
    }
    workgroupBarrier();
    for (var s = team; s < STEP; s += TEAMS) {
      let rows = a_tile[s * 8u + member / 8u];
      let cols = b_tile[s * 8u + member % 8u];
      acc += mat4x4f(rows.x * cols, rows.y * cols, rows.z * cols, rows.w * cols);
    }
    workgroupBarrier();
  }
  if (team > 0u) { sums[lane - 64u] = acc; }
  workgroupBarrier();
  if (team > 0u) { return; }
  for (var other = member; other < 192u; other += 64u) { acc += sums[other]; }
  for (var r = 0u; r < 4u; r++) {
    for (var c = 0u; c < 4u; c++) { if (row + r < p.p_len && col + c < p.q_len) { store(row + r, col + c, acc[r][c]); } }
  }
}
