// P and dS of a chunk of queries against all keys that they see, for software adapters with subgroups of four: the first half of
// the backward pass of causal grouped-query attention inside segments. With s, o and lse as in attention_forward_quad.wgsl,
// and lse_delta = (lse, delta), delta[i,h] = sum_d o dy:
//   P[h,i,j] = exp(s[i,j] - lse[i,h])      dP[i,j] = dy[i,h].v[j,g]      dS[h,i,j] = scale * cap'(s) * P * (dP - delta)
// q, dy [N, H, D]; k, v [N, K, D]; lse_delta [N, H]; bounds [N]; p_ds [2, H, C, S] of chunk rows and keys: P, then dS. C is a
// multiple of 16, S is N rounded up to 16. A quad owns 16 queries of one head; keys are read in blocks of 16. Only the blocks
// between the first and the last key that a tile sees are written. Joined after attention_quad.wgsl and attention_chunk.wgsl.
// Source: Dao 2023, arXiv:2307.08691, algorithm 2, with its blocks of P and dS stored. Reference: attention.ref.ts.
struct Params {
  rows: u32, heads: u32, kv_heads: u32, scale: f32, window: u32, soft_cap: f32, head_vecs: u32, first_row: u32, chunk_rows: u32
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> dy: array<Vec>;
@group(0) @binding(5) var<storage, read> lse_delta: array<vec2f>;
@group(0) @binding(6) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(7) var<storage, read_write> p_ds: array<vec4f>;

/** P and dS of one query against four keys. */
struct PDs { weight: vec4f, ds: vec4f }

fn p_ds_of(products: vec4f, dp: vec4f, row_lse: vec4f, delta: vec4f, visible: vec4<bool>) -> PDs {
  let score = score_of(products);
  let weight = select(vec4f(0.0), exp(score.s - row_lse), visible);
  return PDs(weight, weight * (dp - delta) * score.slope * p.scale);
}

/** The same of an invocation's four queries. */
struct FourPDs { weights: mat4x4f, ds: mat4x4f }

fn four_p_ds(a: PDs, b: PDs, c: PDs, d: PDs) -> FourPDs {
  return FourPDs(mat4x4f(a.weight, b.weight, c.weight, d.weight), mat4x4f(a.ds, b.ds, c.ds, d.ds));
}

fn queries_p_ds(s: mat4x4f, dp: mat4x4f, row_lse: vec4f, delta: vec4f, keys: Keys, column: vec4u) -> FourPDs {
  @repeat(4) let $l = (column >= vec4u(keys.first[$i])) & (column < vec4u(keys.end[$i]));
  return four_p_ds(
    @repeat(4) p_ds_of(s[$i], dp[$i], vec4f(row_lse[$i]), vec4f(delta[$i]), $l),
  );
}

/** Four keys of each of four queries. */
fn store(x: FourPDs, weights_at: vec4u, ds_at: vec4u) {
  @repeat(4) p_ds[weights_at[$i]] = x.weights[$i];
  @repeat(4) p_ds[ds_at[$i]] = x.ds[$i];
}

@compute @workgroup_size(4)
fn p_ds_quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let index = wg.y * grid.x + wg.x;
  if (index >= p.chunk_rows / TILE * p.heads) { return; }
  let head = index % p.heads;
  let kv_head = head / (p.heads / p.kv_heads);
  let own = vec4u(index / p.heads * TILE + member) + STEPS;
  let tile = p.first_row + index / p.heads * TILE;
  let row = own + p.first_row;
  let keys = keys_of_four(row);
  let row_head = min(row, vec4u(p.rows - 1u)) * p.heads + vec4u(head);
  let at = row_head * p.head_vecs;
  let row_lse = vec4f(lse_delta[row_head.x].x, lse_delta[row_head.y].x, lse_delta[row_head.z].x, lse_delta[row_head.w].x);
  let delta = vec4f(lse_delta[row_head.x].y, lse_delta[row_head.y].y, lse_delta[row_head.z].y, lse_delta[row_head.w].y);
  let weights_at = p_ds_at(head, own);
  let ds_at = p_ds_at(p.heads + head, own);
  let seen = blocks_of_tile(tile);
  for (var j = seen.x; j < seen.y; j += TILE) {
    let mine = heads_at(vec4u(j + member) + STEPS, p.kv_heads, kv_head);
    var s = no_block();
    var dp = no_block();
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      let own_q = Rows(q[at.x + d], q[at.y + d], q[at.z + d], q[at.w + d]);
      @repeat(4) s.$l += products(own_q, quad_broadcast_rows(k[mine[$i] + d]));
      let own_dy = Rows(dy[at.x + d], dy[at.y + d], dy[at.z + d], dy[at.w + d]);
      @repeat(4) dp.$l += products(own_dy, quad_broadcast_rows(v[mine[$i] + d]));
    }
    let column = vec4u(j) + vec4u(0u, 1u, 2u, 3u);
    let four = j / 4u;
    @repeat(4) store(queries_p_ds(s.$l, dp.$l, row_lse, delta, keys, column + 4u * $iu), weights_at + four + $iu, ds_at + four + $iu);
  }
}
