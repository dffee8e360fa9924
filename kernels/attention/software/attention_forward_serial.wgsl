// Causal grouped-query attention inside segments, forward, without workgroup memory.
//   s[i,j] = cap(scale * q[i,h].k[j,g])    g = h / (H / K)
//   o[i,h] = sum_j exp(s[i,j] - lse[i,h]) v[j,g]    lse[i,h] = log sum_j exp(s[i,j])
// over the keys that row i sees: bounds[i].x <= j <= i < bounds[i].y, and i - j < window when window > 0.
// q, o [N, H, D]; k, v [N, K, D]; bounds [N]; lse [N, H]. An invocation holds 4 query rows of one head, the invocations
// of a workgroup neighbouring ones, so that all of them read the same keys at the same time; keys go by in blocks of 4
// at fixed places, with a running maximum and sum. Only 8 Vecs of the head dimension are summed in an invocation, since
// arrays with a computed index are slow on software adapters; longer heads take several, each with its own scores.
// Joined with keys_of.wgsl, _lib/vector_*.wgsl and a score cap.
// Source: Dao et al. 2022, arXiv:2205.14135, algorithm 1; Milakov & Gimelshein 2018. Reference: attention.ref.ts.
override WG: u32 = 4;

struct Params { rows: u32, heads: u32, kv_heads: u32, scale: f32, window: u32, soft_cap: f32, head_vecs: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(5) var<storage, read_write> o: array<Vec>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

const MASKED: f32 = -3.4e38;
const ROWS: u32 = 4u;
const SLOTS: u32 = 8u;

fn sees(keys: vec2u, j: vec4u) -> vec4<bool> { return (j >= vec4u(keys.x)) & (j < vec4u(keys.y)); }

fn largest(s: vec4f) -> f32 { return max(max(s.x, s.y), max(s.z, s.w)); }

fn sum4(a: vec4f) -> f32 { return (a.x + a.y) + (a.z + a.w); }

// One Vec of the head dimension for each of the 4 rows.
struct Rows { r0: Vec, r1: Vec, r2: Vec, r3: Vec }

fn no_rows() -> Rows { return Rows(Vec(0.0), Vec(0.0), Vec(0.0), Vec(0.0)); }

fn weigh(acc: Rows, keep: vec4f, weights: mat4x4f, at: vec4u) -> Rows {
  let v0 = v[at.x];
  let v1 = v[at.y];
  let v2 = v[at.z];
  let v3 = v[at.w];
  return Rows(
    acc.r0 * keep.x + weights[0].x * v0 + weights[0].y * v1 + weights[0].z * v2 + weights[0].w * v3,
    acc.r1 * keep.y + weights[1].x * v0 + weights[1].y * v1 + weights[1].z * v2 + weights[1].w * v3,
    acc.r2 * keep.z + weights[2].x * v0 + weights[2].y * v1 + weights[2].z * v2 + weights[2].w * v3,
    acc.r3 * keep.w + weights[3].x * v0 + weights[3].y * v1 + weights[3].z * v2 + weights[3].w * v3,
  );
}

fn store(acc: Rows, factor: vec4f, row: vec4u, at: vec4u, d: u32) {
  if (d >= p.head_vecs) { return; }
  if (row.x < p.rows) { o[at.x + d] = acc.r0 * factor.x; }
  if (row.y < p.rows) { o[at.y + d] = acc.r1 * factor.y; }
  if (row.z < p.rows) { o[at.z + d] = acc.r2 * factor.z; }
  if (row.w < p.rows) { o[at.w + d] = acc.r3 * factor.w; }
}

@compute @workgroup_size(WG)
fn forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * grid.x + wg.x;
  let tile_rows = WG * ROWS;
  let slices = (p.head_vecs + SLOTS - 1u) / SLOTS;
  if (index >= (p.rows + tile_rows - 1u) / tile_rows * p.heads * slices) { return; }
  let slice = index % slices;
  let head = index / slices % p.heads;
  let kv_head = head / (p.heads / p.kv_heads);
  let tile = index / (slices * p.heads) * tile_rows;
  var first = p.rows;
  var end = 0u;
  for (var r = 0u; r < tile_rows; r += 1u) {
    let keys = keys_of(tile + r);
    if (keys.x < keys.y) {
      first = min(first, keys.x);
      end = max(end, keys.y);
    }
  }
  let row = vec4u(tile + lane) + vec4u(0u, 1u, 2u, 3u) * WG;
  let keys_0 = keys_of(row.x);
  let keys_1 = keys_of(row.y);
  let keys_2 = keys_of(row.z);
  let keys_3 = keys_of(row.w);
  let last_row = p.rows - 1u;
  let at = (min(row, vec4u(last_row)) * p.heads + vec4u(head)) * p.head_vecs;
  var a0 = no_rows();
  var a1 = no_rows();
  var a2 = no_rows();
  var a3 = no_rows();
  var a4 = no_rows();
  var a5 = no_rows();
  var a6 = no_rows();
  var a7 = no_rows();
  var row_max = vec4f(MASKED);
  var row_sum = vec4f(0.0);
  for (var j = first / 4u * 4u; j < end; j += 4u) {
    let columns = vec4u(j) + vec4u(0u, 1u, 2u, 3u);
    let key_at = (min(columns, vec4u(last_row)) * p.kv_heads + vec4u(kv_head)) * p.head_vecs;
    var s0 = vec4f(0.0);
    var s1 = vec4f(0.0);
    var s2 = vec4f(0.0);
    var s3 = vec4f(0.0);
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      let k0 = k[key_at.x + d];
      let k1 = k[key_at.y + d];
      let k2 = k[key_at.z + d];
      let k3 = k[key_at.w + d];
      let q0 = q[at.x + d];
      let q1 = q[at.y + d];
      let q2 = q[at.z + d];
      let q3 = q[at.w + d];
      s0 += vec4f(vec_dot(q0, k0), vec_dot(q0, k1), vec_dot(q0, k2), vec_dot(q0, k3));
      s1 += vec4f(vec_dot(q1, k0), vec_dot(q1, k1), vec_dot(q1, k2), vec_dot(q1, k3));
      s2 += vec4f(vec_dot(q2, k0), vec_dot(q2, k1), vec_dot(q2, k2), vec_dot(q2, k3));
      s3 += vec4f(vec_dot(q3, k0), vec_dot(q3, k1), vec_dot(q3, k2), vec_dot(q3, k3));
    }
    let sees_0 = sees(keys_0, columns);
    let sees_1 = sees(keys_1, columns);
    let sees_2 = sees(keys_2, columns);
    let sees_3 = sees(keys_3, columns);
    s0 = select(vec4f(MASKED), score_of(s0).s, sees_0);
    s1 = select(vec4f(MASKED), score_of(s1).s, sees_1);
    s2 = select(vec4f(MASKED), score_of(s2).s, sees_2);
    s3 = select(vec4f(MASKED), score_of(s3).s, sees_3);
    let next_max = max(row_max, vec4f(largest(s0), largest(s1), largest(s2), largest(s3)));
    let keep = exp(row_max - next_max);
    row_max = next_max;
    // The select matters while a row has seen nothing: its maximum is MASKED too, and exp(0) is 1.
    let p0 = select(vec4f(0.0), exp(s0 - next_max.x), sees_0);
    let p1 = select(vec4f(0.0), exp(s1 - next_max.y), sees_1);
    let p2 = select(vec4f(0.0), exp(s2 - next_max.z), sees_2);
    let p3 = select(vec4f(0.0), exp(s3 - next_max.w), sees_3);
    row_sum = row_sum * keep + vec4f(sum4(p0), sum4(p1), sum4(p2), sum4(p3));
    let weights = mat4x4f(p0, p1, p2, p3);
    let values_at = key_at + vec4u(slice * SLOTS);
    a0 = weigh(a0, keep, weights, values_at);
    a1 = weigh(a1, keep, weights, values_at + vec4u(1u));
    a2 = weigh(a2, keep, weights, values_at + vec4u(2u));
    a3 = weigh(a3, keep, weights, values_at + vec4u(3u));
    a4 = weigh(a4, keep, weights, values_at + vec4u(4u));
    a5 = weigh(a5, keep, weights, values_at + vec4u(5u));
    a6 = weigh(a6, keep, weights, values_at + vec4u(6u));
    a7 = weigh(a7, keep, weights, values_at + vec4u(7u));
  }
  // A row that sees nothing is padding: zeros, and an lse that neither weighs nor overflows in the backward pass.
  let seen = row_sum > vec4f(0.0);
  let factor = select(vec4f(0.0), 1.0 / row_sum, seen);
  let row_lse = select(vec4f(0.0), row_max + log(row_sum), seen);
  if (slice == 0u) {
    for (var r = 0u; r < ROWS; r += 1u) {
      if (row[r] <= last_row) { lse[row[r] * p.heads + head] = row_lse[r]; }
    }
  }
  let d = slice * SLOTS;
  store(a0, factor, row, at, d);
  store(a1, factor, row, at, d + 1u);
  store(a2, factor, row, at, d + 2u);
  store(a3, factor, row, at, d + 3u);
  store(a4, factor, row, at, d + 4u);
  store(a5, factor, row, at, d + 5u);
  store(a6, factor, row, at, d + 6u);
  store(a7, factor, row, at, d + 7u);
}
