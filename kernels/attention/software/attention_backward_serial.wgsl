// Causal grouped-query attention inside segments, backward, without workgroup memory. With s, o and lse as in
// attention_forward_serial.wgsl, and lse_delta = (lse, delta), delta[i,h] = sum_d o dy:
//   P[i,j] = exp(s[i,j] - lse[i,h])      dP[i,j] = dy[i,h].v[j,g]      dS = scale * cap'(s) * P * (dP - delta)
//   backward_dq   dq[i,h] = sum_j dS[i,j] k[j,g]
//   backward_dkv  dk[j,g] = sum_h sum_i dS[i,j] q[i,h]      dv[j,g] = sum_h sum_i P[i,j] dy[i,h]      h over g's group
// q, dy, dq [N, H, D]; k, v, dk, dv [N, K, D]; lse_delta [N, H]; bounds [N]. An invocation owns 4 rows and 8 (dq) or 4 (dkv)
// Vecs of the head dimension; the other side is read in blocks of 4 rows at fixed places, the same for a whole workgroup.
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
    @repeat(4) acc.r$i + w[$i].x * v0 + w[$i].y * v1 + w[$i].z * v2 + w[$i].w * v3,
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
  @repeat(4) if (row[$i] < p.rows) { dq[at[$i] + d] = acc.r$i; }
}

fn store_dkv(dk_acc: Rows, dv_acc: Rows, row: vec4u, at: vec4u, d: u32) {
  if (d >= p.head_vecs) { return; }
  @repeat(4) if (row[$i] < p.rows) { dk[at[$i] + d] = dk_acc.r$i; dv[at[$i] + d] = dv_acc.r$i; }
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
  @repeat(4) let keys_$i = keys_of(row[$i]);
  let row_head = min(row, last_row) * p.heads + vec4u(head);
  let at = row_head * p.head_vecs;
  @repeat(4) let lse_delta_$i = lse_delta[row_head[$i]];
  @repeat(8) var a$i = no_rows();
  for (var j = first / 4u * 4u; j < end; j += 4u) {
    let column = vec4u(j) + STEPS;
    let key_at = (min(column, last_row) * p.kv_heads + vec4u(kv_head)) * p.head_vecs;
    @repeat(4) var s$i = vec4f(0.0);
    @repeat(4) var dp$i = vec4f(0.0);
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      @repeat(4) let k$i = k[key_at[$i] + d];
      @repeat(4) s$i += dots(q[at[$i] + d], k0, k1, k2, k3);
      @repeat(4) let v$i = v[key_at[$i] + d];
      @repeat(4) dp$i += dots(dy[at[$i] + d], v0, v1, v2, v3);
    }
    let ds = mat4x4f(
      @repeat(4) p_ds_of(s$i, dp$i, vec4f(lse_delta_$i.x), vec4f(lse_delta_$i.y), (column >= vec4u(keys_$i.x)) & (column < vec4u(keys_$i.y))).ds,
    );
    let slice_at = key_at + vec4u(slice);
    @repeat(8) a$i = weigh_k(a$i, ds, slice_at + vec4u($iu));
  }
  @repeat(8) store_dq(a$i, row, at, slice + $iu);
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
  @repeat(4) var dk$i = no_rows();
  @repeat(4) var dv$i = no_rows();
  let group = p.heads / p.kv_heads;
  for (var head = kv_head * group; head < (kv_head + 1u) * group; head += 1u) {
    for (var i = tile; i < end; i += 4u) {
      let column = vec4u(i) + STEPS;
      let query_head = min(column, last_row) * p.heads + vec4u(head);
      let query_at = query_head * p.head_vecs;
      @repeat(4) var s$i = vec4f(0.0);
      @repeat(4) var dp$i = vec4f(0.0);
      for (var d = 0u; d < p.head_vecs; d += 1u) {
        @repeat(4) let q$i = q[query_at[$i] + d];
        @repeat(4) s$i += dots(k[at[$i] + d], q0, q1, q2, q3);
        @repeat(4) let dy$i = dy[query_at[$i] + d];
        @repeat(4) dp$i += dots(v[at[$i] + d], dy0, dy1, dy2, dy3);
      }
      @repeat(4) let lse_delta_$i = lse_delta[query_head[$i]];
      let row_lse = vec4f(lse_delta_0.x, lse_delta_1.x, lse_delta_2.x, lse_delta_3.x);
      let delta = vec4f(lse_delta_0.y, lse_delta_1.y, lse_delta_2.y, lse_delta_3.y);
      @repeat(4) let keys_$i = keys_of(column[$i]);
      let seen_first = vec4u(keys_0.x, keys_1.x, keys_2.x, keys_3.x);
      let seen_end = vec4u(keys_0.y, keys_1.y, keys_2.y, keys_3.y);
      @repeat(4) let p_ds_$i = p_ds_of(s$i, dp$i, row_lse, delta, (vec4u(row[$i]) >= seen_first) & (vec4u(row[$i]) < seen_end));
      let weights = mat4x4f(p_ds_0.weight, p_ds_1.weight, p_ds_2.weight, p_ds_3.weight);
      let ds = mat4x4f(p_ds_0.ds, p_ds_1.ds, p_ds_2.ds, p_ds_3.ds);
      let slice_at = query_at + vec4u(slice);
      @repeat(4) dk$i = weigh_q(dk$i, ds, slice_at + vec4u($iu));
      @repeat(4) dv$i = weigh_dy(dv$i, weights, slice_at + vec4u($iu));
    }
  }
  @repeat(4) store_dkv(dk$i, dv$i, row, at, slice + $iu);
}
