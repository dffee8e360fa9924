// Causal grouped-query attention inside segments, backward, for software adapters with subgroups of four. With s, o and lse
// as in attention_forward_quads.wgsl, and (lse, delta) in stats, delta[i,h] = sum_d o dy:
//   P[i,j] = exp(s[i,j] - lse[i,h])      dP[i,j] = dy[i,h].v[j,g]      dS = scale * cap'(s) * P * (dP - delta)
//   backward_dq_quads   dq[i,h] = sum_j dS[i,j] k[j,g]
//   backward_dkv_quads  dk[j,g] = sum_h sum_i dS[i,j] q[i,h]      dv[j,g] = sum_h sum_i P[i,j] dy[i,h]      h over g's group
// q, dy, dq [N, H, D]; k, v, dk, dv [N, K, D]; stats [N, H]; bounds [N]. A quad owns 16 rows of one head; the other side
// goes by in blocks of 16, one at least. The outputs hold the sums between blocks; the first takes nothing from them. Joined after attention_quads.wgsl.
// Source: Dao 2023, arXiv:2307.08691, algorithm 2. Reference: attention.ref.ts.
struct Params { rows: u32, heads: u32, kv_heads: u32, scale: f32, window: u32, soft_cap: f32, head_vecs: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> dy: array<Vec>;
@group(0) @binding(5) var<storage, read> stats: array<vec2f>;
@group(0) @binding(6) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(7) var<storage, read_write> dq: array<Vec>;
@group(0) @binding(8) var<storage, read_write> dk: array<Vec>;
@group(0) @binding(9) var<storage, read_write> dv: array<Vec>;

/** P and dS of one own row against four rows of the other side. */
struct Pair { weight: vec4f, ds: vec4f }

fn pair_of(products: vec4f, dp: vec4f, row_lse: vec4f, delta: vec4f, visible: vec4<bool>) -> Pair {
  let score = score_of(products);
  let weight = select(vec4f(0.0), exp(score.s - row_lse), visible);
  return Pair(weight, weight * (dp - delta) * score.slope * p.scale);
}

/** The same of all own rows. */
struct Pairs { weights: mat4x4f, ds: mat4x4f }

fn pairs_of(a: Pair, b: Pair, c: Pair, d: Pair) -> Pairs {
  return Pairs(mat4x4f(a.weight, b.weight, c.weight, d.weight), mat4x4f(a.ds, b.ds, c.ds, d.ds));
}

/** Own rows are queries. */
fn query_pairs(s: mat4x4f, dp: mat4x4f, row_lse: vec4f, delta: vec4f, keys: Keys, column: vec4u) -> mat4x4f {
  let a = (column >= vec4u(keys.first.x)) & (column < vec4u(keys.end.x));
  let b = (column >= vec4u(keys.first.y)) & (column < vec4u(keys.end.y));
  let c = (column >= vec4u(keys.first.z)) & (column < vec4u(keys.end.z));
  let d = (column >= vec4u(keys.first.w)) & (column < vec4u(keys.end.w));
  return mat4x4f(
    pair_of(s[0], dp[0], vec4f(row_lse.x), vec4f(delta.x), a).ds,
    pair_of(s[1], dp[1], vec4f(row_lse.y), vec4f(delta.y), b).ds,
    pair_of(s[2], dp[2], vec4f(row_lse.z), vec4f(delta.z), c).ds,
    pair_of(s[3], dp[3], vec4f(row_lse.w), vec4f(delta.w), d).ds,
  );
}

/** Own rows are keys; `mine` is this invocation's query among the four. */
fn key_pairs(s: mat4x4f, dp: mat4x4f, row: vec4u, mine: u32, head: u32) -> Pairs {
  let own_keys = keys_of(mine);
  let own_stats = stats[min(mine, p.rows - 1u) * p.heads + head];
  let first = vec4u(
    quadBroadcast(own_keys.x, 0u), quadBroadcast(own_keys.x, 1u), quadBroadcast(own_keys.x, 2u), quadBroadcast(own_keys.x, 3u)
  );
  let end = vec4u(
    quadBroadcast(own_keys.y, 0u), quadBroadcast(own_keys.y, 1u), quadBroadcast(own_keys.y, 2u), quadBroadcast(own_keys.y, 3u)
  );
  let row_lse = spread(own_stats.x);
  let delta = spread(own_stats.y);
  return pairs_of(
    pair_of(s[0], dp[0], row_lse, delta, (vec4u(row.x) >= first) & (vec4u(row.x) < end)),
    pair_of(s[1], dp[1], row_lse, delta, (vec4u(row.y) >= first) & (vec4u(row.y) < end)),
    pair_of(s[2], dp[2], row_lse, delta, (vec4u(row.z) >= first) & (vec4u(row.z) < end)),
    pair_of(s[3], dp[3], row_lse, delta, (vec4u(row.w) >= first) & (vec4u(row.w) < end)),
  );
}

/** Four rows of what an output holds: nothing before the first block. */
fn held(a: Vec, b: Vec, c: Vec, d: Vec, is_first: bool) -> Rows {
  let none = Vec(0.0);
  return Rows(select(a, none, is_first), select(b, none, is_first), select(c, none, is_first), select(d, none, is_first));
}

fn store_dq(x: Rows, row: vec4u, at: vec4u) {
  if (row.x < p.rows) { dq[at.x] = x.a; }
  if (row.y < p.rows) { dq[at.y] = x.b; }
  if (row.z < p.rows) { dq[at.z] = x.c; }
  if (row.w < p.rows) { dq[at.w] = x.d; }
}

fn store_dkv(x: Rows, y: Rows, row: vec4u, at: vec4u) {
  if (row.x < p.rows) {
    dk[at.x] = x.a;
    dv[at.x] = y.a;
  }
  if (row.y < p.rows) {
    dk[at.y] = x.b;
    dv[at.y] = y.b;
  }
  if (row.z < p.rows) {
    dk[at.z] = x.c;
    dv[at.z] = y.c;
  }
  if (row.w < p.rows) {
    dk[at.w] = x.d;
    dv[at.w] = y.d;
  }
}

@compute @workgroup_size(4)
fn backward_dq_quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let index = wg.y * grid.x + wg.x;
  if (index >= (p.rows + TILE - 1u) / TILE * p.heads) { return; }
  let head = index % p.heads;
  let kv_head = head / (p.heads / p.kv_heads);
  let tile = index / p.heads * TILE;
  let seen = keys_of_tile(tile);
  let row = vec4u(tile + member) + STEPS;
  let keys = keys_of_four(row);
  let row_head = min(row, vec4u(p.rows - 1u)) * p.heads + vec4u(head);
  let at = row_head * p.head_vecs;
  let row_lse = vec4f(stats[row_head.x].x, stats[row_head.y].x, stats[row_head.z].x, stats[row_head.w].x);
  let delta = vec4f(stats[row_head.x].y, stats[row_head.y].y, stats[row_head.z].y, stats[row_head.w].y);
  let start = seen.x / TILE * TILE;
  for (var j = start; j < max(seen.y, start + 1u); j += TILE) {
    let mine = heads_at(vec4u(j + member) + STEPS, p.kv_heads, kv_head);
    var s = no_block();
    var dp = no_block();
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      let own = Rows(q[at.x + d], q[at.y + d], q[at.z + d], q[at.w + d]);
      s.a += products(own, spread_rows(k[mine.x + d]));
      s.b += products(own, spread_rows(k[mine.y + d]));
      s.c += products(own, spread_rows(k[mine.z + d]));
      s.d += products(own, spread_rows(k[mine.w + d]));
      let own_dy = Rows(dy[at.x + d], dy[at.y + d], dy[at.z + d], dy[at.w + d]);
      dp.a += products(own_dy, spread_rows(v[mine.x + d]));
      dp.b += products(own_dy, spread_rows(v[mine.y + d]));
      dp.c += products(own_dy, spread_rows(v[mine.z + d]));
      dp.d += products(own_dy, spread_rows(v[mine.w + d]));
    }
    let column = vec4u(j) + vec4u(0u, 1u, 2u, 3u);
    let ds_a = query_pairs(s.a, dp.a, row_lse, delta, keys, column);
    let ds_b = query_pairs(s.b, dp.b, row_lse, delta, keys, column + 4u);
    let ds_c = query_pairs(s.c, dp.c, row_lse, delta, keys, column + 8u);
    let ds_d = query_pairs(s.d, dp.d, row_lse, delta, keys, column + 12u);
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      var acc = held(dq[at.x + d], dq[at.y + d], dq[at.z + d], dq[at.w + d], j == start);
      acc = weigh(acc, ds_a, spread_rows(k[mine.x + d]));
      acc = weigh(acc, ds_b, spread_rows(k[mine.y + d]));
      acc = weigh(acc, ds_c, spread_rows(k[mine.z + d]));
      acc = weigh(acc, ds_d, spread_rows(k[mine.w + d]));
      store_dq(acc, row, at + d);
    }
  }
}

@compute @workgroup_size(4)
fn backward_dkv_quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let index = wg.y * grid.x + wg.x;
  if (index >= (p.rows + TILE - 1u) / TILE * p.kv_heads) { return; }
  let kv_head = index % p.kv_heads;
  let tile = index / p.kv_heads * TILE;
  var end = tile + 1u;
  for (var r = 0u; r < min(TILE, p.rows - tile); r += 1u) {
    let segment_end = bounds[tile + r].y;
    end = max(end, select(segment_end, min(segment_end, tile + r + p.window), p.window > 0u));
  }
  let row = vec4u(tile + member) + STEPS;
  let at = heads_at(row, p.kv_heads, kv_head);
  let group = p.heads / p.kv_heads;
  let first_head = kv_head * group;
  for (var head = first_head; head < first_head + group; head += 1u) {
    for (var i = tile; i < end; i += TILE) {
      let query = vec4u(i + member) + STEPS;
      let mine = heads_at(query, p.heads, head);
      let is_first = head == first_head && i == tile;
      var s = no_block();
      var dp = no_block();
      for (var d = 0u; d < p.head_vecs; d += 1u) {
        let own = Rows(k[at.x + d], k[at.y + d], k[at.z + d], k[at.w + d]);
        s.a += products(own, spread_rows(q[mine.x + d]));
        s.b += products(own, spread_rows(q[mine.y + d]));
        s.c += products(own, spread_rows(q[mine.z + d]));
        s.d += products(own, spread_rows(q[mine.w + d]));
        let own_v = Rows(v[at.x + d], v[at.y + d], v[at.z + d], v[at.w + d]);
        dp.a += products(own_v, spread_rows(dy[mine.x + d]));
        dp.b += products(own_v, spread_rows(dy[mine.y + d]));
        dp.c += products(own_v, spread_rows(dy[mine.z + d]));
        dp.d += products(own_v, spread_rows(dy[mine.w + d]));
      }
      let a = key_pairs(s.a, dp.a, row, query.x, head);
      let b = key_pairs(s.b, dp.b, row, query.y, head);
      let c = key_pairs(s.c, dp.c, row, query.z, head);
      let e = key_pairs(s.d, dp.d, row, query.w, head);
      for (var d = 0u; d < p.head_vecs; d += 1u) {
        var dk_acc = held(dk[at.x + d], dk[at.y + d], dk[at.z + d], dk[at.w + d], is_first);
        dk_acc = weigh(dk_acc, a.ds, spread_rows(q[mine.x + d]));
        dk_acc = weigh(dk_acc, b.ds, spread_rows(q[mine.y + d]));
        dk_acc = weigh(dk_acc, c.ds, spread_rows(q[mine.z + d]));
        dk_acc = weigh(dk_acc, e.ds, spread_rows(q[mine.w + d]));
        var dv_acc = held(dv[at.x + d], dv[at.y + d], dv[at.z + d], dv[at.w + d], is_first);
        dv_acc = weigh(dv_acc, a.weights, spread_rows(dy[mine.x + d]));
        dv_acc = weigh(dv_acc, b.weights, spread_rows(dy[mine.y + d]));
        dv_acc = weigh(dv_acc, c.weights, spread_rows(dy[mine.z + d]));
        dv_acc = weigh(dv_acc, e.weights, spread_rows(dy[mine.w + d]));
        store_dkv(dk_acc, dv_acc, row, at + d);
      }
    }
  }
}
