// Causal grouped-query attention inside segments, forward, without workgroup memory.
//   s[i,j] = cap(scale * q[i,h].k[j,g])    g = h / (H / K)
//   o[i,h] = sum_j exp(s[i,j] - lse[i,h]) v[j,g]    lse[i,h] = log sum_j exp(s[i,j])
// over the keys that row i sees: bounds[i].x <= j <= i < bounds[i].y, and i - j < window when window > 0.
// q, o [N, H, D]; k, v [N, K, D]; bounds [N]; lse [N, H]. An invocation holds 4 query rows of one head; the invocations
// of a workgroup hold neighbouring rows, so that all of them read the same keys at the same time. Keys are read in blocks of 4
// at fixed rows, with a running maximum and sum. Only 8 Vecs of the head dimension are summed in an invocation, since
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
  @repeat(4) let v$i = v[at[$i]];
  return Rows(
    @repeat(4) acc.r$i * keep[$i] + weights[$i].x * v0 + weights[$i].y * v1 + weights[$i].z * v2 + weights[$i].w * v3,
  );
}

fn store(acc: Rows, factor: vec4f, row: vec4u, at: vec4u, d: u32) {
  if (d >= p.head_vecs) { return; }
  @repeat(4) if (row[$i] < p.rows) { o[at[$i] + d] = acc.r$i * factor[$i]; }
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
  @repeat(4) let keys_$i = keys_of(row[$i]);
  let last_row = p.rows - 1u;
  let at = (min(row, vec4u(last_row)) * p.heads + vec4u(head)) * p.head_vecs;
  @repeat(8) var a$i = no_rows();
  var row_max = vec4f(MASKED);
  var row_sum = vec4f(0.0);
  for (var j = first / 4u * 4u; j < end; j += 4u) {
    let columns = vec4u(j) + vec4u(0u, 1u, 2u, 3u);
    let key_at = (min(columns, vec4u(last_row)) * p.kv_heads + vec4u(kv_head)) * p.head_vecs;
    @repeat(4) var s$i = vec4f(0.0);
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      @repeat(4) let k$i = k[key_at[$i] + d];
      @repeat(4) let q$i = q[at[$i] + d];
      @repeat(4) s$i += vec4f(vec_dot(q$i, k0), vec_dot(q$i, k1), vec_dot(q$i, k2), vec_dot(q$i, k3));
    }
    @repeat(4) let sees_$i = sees(keys_$i, columns);
    @repeat(4) s$i = select(vec4f(MASKED), score_of(s$i).s, sees_$i);
    let next_max = max(row_max, vec4f(largest(s0), largest(s1), largest(s2), largest(s3)));
    let keep = exp(row_max - next_max);
    row_max = next_max;
    // The select matters while a row has seen nothing: its maximum is MASKED too, and exp(0) is 1.
    @repeat(4) let p$i = select(vec4f(0.0), exp(s$i - next_max[$i]), sees_$i);
    row_sum = row_sum * keep + vec4f(sum4(p0), sum4(p1), sum4(p2), sum4(p3));
    let weights = mat4x4f(p0, p1, p2, p3);
    let values_at = key_at + vec4u(slice * SLOTS);
    @repeat(8) a$i = weigh(a$i, keep, weights, values_at + vec4u($iu));
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
  @repeat(8) store(a$i, factor, row, at, d + $iu);
}
