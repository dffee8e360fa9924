// Causal grouped-query attention inside segments, backward, without workgroup memory. With s, o and lse as in
// attention_forward_serial.wgsl, and lse_delta = (lse, delta), delta[i,h] = sum_d o dy:
//   P[i,j] = exp(s[i,j] - lse[i,h])      dP[i,j] = dy[i,h].v[j,g]      dS = scale * cap'(s) * P * (dP - delta)
//   backward_dq   dq[i,h] = sum_j dS[i,j] k[j,g]
//   backward_dkv  dk[j,g] = sum_h sum_i dS[i,j] q[i,h]      dv[j,g] = sum_h sum_i P[i,j] dy[i,h]      h over g's group
// q, dy, dq [N, H, D]; k, v, dk, dv [N, K, D]; lse_delta [N, H]; bounds [N]. An invocation owns 4 rows and 8 (dq) or 4 (dkv)
// Vecs of the head dimension; the other side goes by in blocks of 4 rows at fixed places, the same for a whole workgroup.
// Joined with keys_of.wgsl, _lib/vector_*.wgsl and a score cap. Source: Dao 2023, arXiv:2307.08691, algorithm 2.
// Reference: attention.ref.ts.
override WG: u32 = 4;

struct Params { rows: u32, heads: u32, kv_heads: u32, scale: f32, window: u32, soft_cap: f32, head_vecs: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> dy: array<Vec>;
@group(0) @binding(5) var<storage, read> lse_delta: array<vec2f>;
@group(0) @binding(6) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(7) var<storage, read_write> dq: array<Vec>;
@group(0) @binding(8) var<storage, read_write> dk: array<Vec>;
@group(0) @binding(9) var<storage, read_write> dv: array<Vec>;

const ROWS: u32 = 4u;
const DQ_SLOTS: u32 = 8u;
const DKV_SLOTS: u32 = 4u;
const STEPS: vec4u = vec4u(0u, 1u, 2u, 3u);

// P and dS of one owned row against the four rows of a block.
struct PDs { weight: vec4f, ds: vec4f }

fn p_ds_of(products: vec4f, dp: vec4f, row_lse: vec4f, delta: vec4f, visible: vec4<bool>) -> PDs {
  let c = score_of(products);
  let weight = select(vec4f(0.0), exp(c.s - row_lse), visible);
  return PDs(weight, weight * (dp - delta) * c.slope * p.scale);
}

// One Vec of the head dimension for each of the 4 owned rows.
struct Rows { r0: Vec, r1: Vec, r2: Vec, r3: Vec }

fn no_rows() -> Rows { return Rows(Vec(0.0), Vec(0.0), Vec(0.0), Vec(0.0)); }

fn weigh(acc: Rows, w: mat4x4f, v0: Vec, v1: Vec, v2: Vec, v3: Vec) -> Rows {
  return Rows(
    acc.r0 + w[0].x * v0 + w[0].y * v1 + w[0].z * v2 + w[0].w * v3,
    acc.r1 + w[1].x * v0 + w[1].y * v1 + w[1].z * v2 + w[1].w * v3,
    acc.r2 + w[2].x * v0 + w[2].y * v1 + w[2].z * v2 + w[2].w * v3,
    acc.r3 + w[3].x * v0 + w[3].y * v1 + w[3].z * v2 + w[3].w * v3,
  );
}

fn weigh_k(acc: Rows, w: mat4x4f, at: vec4u) -> Rows { return weigh(acc, w, k[at.x], k[at.y], k[at.z], k[at.w]); }
fn weigh_q(acc: Rows, w: mat4x4f, at: vec4u) -> Rows { return weigh(acc, w, q[at.x], q[at.y], q[at.z], q[at.w]); }
fn weigh_dy(acc: Rows, w: mat4x4f, at: vec4u) -> Rows { return weigh(acc, w, dy[at.x], dy[at.y], dy[at.z], dy[at.w]); }

fn dots(a: Vec, b0: Vec, b1: Vec, b2: Vec, b3: Vec) -> vec4f {
  return vec4f(vec_dot(a, b0), vec_dot(a, b1), vec_dot(a, b2), vec_dot(a, b3));
}

fn store_dq(acc: Rows, row: vec4u, at: vec4u, d: u32) {
  if (d >= p.head_vecs) { return; }
  if (row.x < p.rows) { dq[at.x + d] = acc.r0; }
  if (row.y < p.rows) { dq[at.y + d] = acc.r1; }
  if (row.z < p.rows) { dq[at.z + d] = acc.r2; }
  if (row.w < p.rows) { dq[at.w + d] = acc.r3; }
}

fn store_dkv(dk_acc: Rows, dv_acc: Rows, row: vec4u, at: vec4u, d: u32) {
  if (d >= p.head_vecs) { return; }
  if (row.x < p.rows) {
    dk[at.x + d] = dk_acc.r0;
    dv[at.x + d] = dv_acc.r0;
  }
  if (row.y < p.rows) {
    dk[at.y + d] = dk_acc.r1;
    dv[at.y + d] = dv_acc.r1;
  }
  if (row.z < p.rows) {
    dk[at.z + d] = dk_acc.r2;
    dv[at.z + d] = dv_acc.r2;
  }
  if (row.w < p.rows) {
    dk[at.w + d] = dk_acc.r3;
    dv[at.w + d] = dv_acc.r3;
  }
}

@compute @workgroup_size(WG)
fn backward_dq(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * grid.x + wg.x;
  let tile_rows = WG * ROWS;
  let slices = (p.head_vecs + DQ_SLOTS - 1u) / DQ_SLOTS;
  if (index >= (p.rows + tile_rows - 1u) / tile_rows * p.heads * slices) { return; }
  let slice = index % slices * DQ_SLOTS;
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
  let last_row = vec4u(p.rows - 1u);
  let row = vec4u(tile + lane) + STEPS * WG;
  let keys_0 = keys_of(row.x);
  let keys_1 = keys_of(row.y);
  let keys_2 = keys_of(row.z);
  let keys_3 = keys_of(row.w);
  let row_head = min(row, last_row) * p.heads + vec4u(head);
  let at = row_head * p.head_vecs;
  let lse_delta_0 = lse_delta[row_head.x];
  let lse_delta_1 = lse_delta[row_head.y];
  let lse_delta_2 = lse_delta[row_head.z];
  let lse_delta_3 = lse_delta[row_head.w];
  var a0 = no_rows();
  var a1 = no_rows();
  var a2 = no_rows();
  var a3 = no_rows();
  var a4 = no_rows();
  var a5 = no_rows();
  var a6 = no_rows();
  var a7 = no_rows();
  for (var j = first / 4u * 4u; j < end; j += 4u) {
    let column = vec4u(j) + STEPS;
    let key_at = (min(column, last_row) * p.kv_heads + vec4u(kv_head)) * p.head_vecs;
    var s0 = vec4f(0.0);
    var s1 = vec4f(0.0);
    var s2 = vec4f(0.0);
    var s3 = vec4f(0.0);
    var dp0 = vec4f(0.0);
    var dp1 = vec4f(0.0);
    var dp2 = vec4f(0.0);
    var dp3 = vec4f(0.0);
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      let k0 = k[key_at.x + d];
      let k1 = k[key_at.y + d];
      let k2 = k[key_at.z + d];
      let k3 = k[key_at.w + d];
      s0 += dots(q[at.x + d], k0, k1, k2, k3);
      s1 += dots(q[at.y + d], k0, k1, k2, k3);
      s2 += dots(q[at.z + d], k0, k1, k2, k3);
      s3 += dots(q[at.w + d], k0, k1, k2, k3);
      let v0 = v[key_at.x + d];
      let v1 = v[key_at.y + d];
      let v2 = v[key_at.z + d];
      let v3 = v[key_at.w + d];
      dp0 += dots(dy[at.x + d], v0, v1, v2, v3);
      dp1 += dots(dy[at.y + d], v0, v1, v2, v3);
      dp2 += dots(dy[at.z + d], v0, v1, v2, v3);
      dp3 += dots(dy[at.w + d], v0, v1, v2, v3);
    }
    let ds = mat4x4f(
      p_ds_of(s0, dp0, vec4f(lse_delta_0.x), vec4f(lse_delta_0.y), (column >= vec4u(keys_0.x)) & (column < vec4u(keys_0.y))).ds,
      p_ds_of(s1, dp1, vec4f(lse_delta_1.x), vec4f(lse_delta_1.y), (column >= vec4u(keys_1.x)) & (column < vec4u(keys_1.y))).ds,
      p_ds_of(s2, dp2, vec4f(lse_delta_2.x), vec4f(lse_delta_2.y), (column >= vec4u(keys_2.x)) & (column < vec4u(keys_2.y))).ds,
      p_ds_of(s3, dp3, vec4f(lse_delta_3.x), vec4f(lse_delta_3.y), (column >= vec4u(keys_3.x)) & (column < vec4u(keys_3.y))).ds,
    );
    let slice_at = key_at + vec4u(slice);
    a0 = weigh_k(a0, ds, slice_at);
    a1 = weigh_k(a1, ds, slice_at + vec4u(1u));
    a2 = weigh_k(a2, ds, slice_at + vec4u(2u));
    a3 = weigh_k(a3, ds, slice_at + vec4u(3u));
    a4 = weigh_k(a4, ds, slice_at + vec4u(4u));
    a5 = weigh_k(a5, ds, slice_at + vec4u(5u));
    a6 = weigh_k(a6, ds, slice_at + vec4u(6u));
    a7 = weigh_k(a7, ds, slice_at + vec4u(7u));
  }
  store_dq(a0, row, at, slice);
  store_dq(a1, row, at, slice + 1u);
  store_dq(a2, row, at, slice + 2u);
  store_dq(a3, row, at, slice + 3u);
  store_dq(a4, row, at, slice + 4u);
  store_dq(a5, row, at, slice + 5u);
  store_dq(a6, row, at, slice + 6u);
  store_dq(a7, row, at, slice + 7u);
}

@compute @workgroup_size(WG)
fn backward_dkv(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * grid.x + wg.x;
  let tile_rows = WG * ROWS;
  let slices = (p.head_vecs + DKV_SLOTS - 1u) / DKV_SLOTS;
  if (index >= (p.rows + tile_rows - 1u) / tile_rows * p.kv_heads * slices) { return; }
  let slice = index % slices * DKV_SLOTS;
  let kv_head = index / slices % p.kv_heads;
  let tile = index / (slices * p.kv_heads) * tile_rows;
  var end = 0u;
  for (var r = 0u; r < min(tile_rows, p.rows - tile); r += 1u) {
    let segment_end = bounds[tile + r].y;
    end = max(end, select(segment_end, min(segment_end, tile + r + p.window), p.window > 0u));
  }
  let last_row = vec4u(p.rows - 1u);
  let row = vec4u(tile + lane) + STEPS * WG;
  let at = (min(row, last_row) * p.kv_heads + vec4u(kv_head)) * p.head_vecs;
  var dk0 = no_rows();
  var dk1 = no_rows();
  var dk2 = no_rows();
  var dk3 = no_rows();
  var dv0 = no_rows();
  var dv1 = no_rows();
  var dv2 = no_rows();
  var dv3 = no_rows();
  let group = p.heads / p.kv_heads;
  for (var head = kv_head * group; head < (kv_head + 1u) * group; head += 1u) {
    for (var i = tile; i < end; i += 4u) {
      let column = vec4u(i) + STEPS;
      let query_head = min(column, last_row) * p.heads + vec4u(head);
      let query_at = query_head * p.head_vecs;
      var s0 = vec4f(0.0);
      var s1 = vec4f(0.0);
      var s2 = vec4f(0.0);
      var s3 = vec4f(0.0);
      var dp0 = vec4f(0.0);
      var dp1 = vec4f(0.0);
      var dp2 = vec4f(0.0);
      var dp3 = vec4f(0.0);
      for (var d = 0u; d < p.head_vecs; d += 1u) {
        let q0 = q[query_at.x + d];
        let q1 = q[query_at.y + d];
        let q2 = q[query_at.z + d];
        let q3 = q[query_at.w + d];
        s0 += dots(k[at.x + d], q0, q1, q2, q3);
        s1 += dots(k[at.y + d], q0, q1, q2, q3);
        s2 += dots(k[at.z + d], q0, q1, q2, q3);
        s3 += dots(k[at.w + d], q0, q1, q2, q3);
        let dy0 = dy[query_at.x + d];
        let dy1 = dy[query_at.y + d];
        let dy2 = dy[query_at.z + d];
        let dy3 = dy[query_at.w + d];
        dp0 += dots(v[at.x + d], dy0, dy1, dy2, dy3);
        dp1 += dots(v[at.y + d], dy0, dy1, dy2, dy3);
        dp2 += dots(v[at.z + d], dy0, dy1, dy2, dy3);
        dp3 += dots(v[at.w + d], dy0, dy1, dy2, dy3);
      }
      let lse_delta_0 = lse_delta[query_head.x];
      let lse_delta_1 = lse_delta[query_head.y];
      let lse_delta_2 = lse_delta[query_head.z];
      let lse_delta_3 = lse_delta[query_head.w];
      let row_lse = vec4f(lse_delta_0.x, lse_delta_1.x, lse_delta_2.x, lse_delta_3.x);
      let delta = vec4f(lse_delta_0.y, lse_delta_1.y, lse_delta_2.y, lse_delta_3.y);
      let keys_0 = keys_of(column.x);
      let keys_1 = keys_of(column.y);
      let keys_2 = keys_of(column.z);
      let keys_3 = keys_of(column.w);
      let seen_first = vec4u(keys_0.x, keys_1.x, keys_2.x, keys_3.x);
      let seen_end = vec4u(keys_0.y, keys_1.y, keys_2.y, keys_3.y);
      let p_ds_0 = p_ds_of(s0, dp0, row_lse, delta, (vec4u(row.x) >= seen_first) & (vec4u(row.x) < seen_end));
      let p_ds_1 = p_ds_of(s1, dp1, row_lse, delta, (vec4u(row.y) >= seen_first) & (vec4u(row.y) < seen_end));
      let p_ds_2 = p_ds_of(s2, dp2, row_lse, delta, (vec4u(row.z) >= seen_first) & (vec4u(row.z) < seen_end));
      let p_ds_3 = p_ds_of(s3, dp3, row_lse, delta, (vec4u(row.w) >= seen_first) & (vec4u(row.w) < seen_end));
      let weights = mat4x4f(p_ds_0.weight, p_ds_1.weight, p_ds_2.weight, p_ds_3.weight);
      let ds = mat4x4f(p_ds_0.ds, p_ds_1.ds, p_ds_2.ds, p_ds_3.ds);
      let slice_at = query_at + vec4u(slice);
      dk0 = weigh_q(dk0, ds, slice_at);
      dk1 = weigh_q(dk1, ds, slice_at + vec4u(1u));
      dk2 = weigh_q(dk2, ds, slice_at + vec4u(2u));
      dk3 = weigh_q(dk3, ds, slice_at + vec4u(3u));
      dv0 = weigh_dy(dv0, weights, slice_at);
      dv1 = weigh_dy(dv1, weights, slice_at + vec4u(1u));
      dv2 = weigh_dy(dv2, weights, slice_at + vec4u(2u));
      dv3 = weigh_dy(dv3, weights, slice_at + vec4u(3u));
    }
  }
  store_dkv(dk0, dv0, row, at, slice);
  store_dkv(dk1, dv1, row, at, slice + 1u);
  store_dkv(dk2, dv2, row, at, slice + 2u);
  store_dkv(dk3, dv3, row, at, slice + 3u);
}
