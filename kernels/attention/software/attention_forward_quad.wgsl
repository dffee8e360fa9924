// Causal grouped-query attention inside segments, forward, for software adapters with subgroups of four.
//   s[i,j] = cap(scale * q[i,h].k[j,g])    g = h / (H / K)
//   o[i,h] = sum_j exp(s[i,j] - lse[i,h]) v[j,g]    lse[i,h] = log sum_j exp(s[i,j])
// over the keys that row i sees: bounds[i].x <= j <= i < bounds[i].y, and i - j < window when window > 0.
// q, o [N, H, D]; k, v [N, K, D]; bounds [N]; lse [N, H]. A quad owns 16 query rows of one head; keys are read in blocks of 16
// with a running maximum and sum. o itself holds the sums between blocks, which costs a load and a store per 16 products
// but needs no accumulator for each of D. The first block does not read o, the last divides by the sum; rows that see
// nothing still have one block, with weight zero. Joined after attention_quad.wgsl.
// Source: Dao et al. 2022, arXiv:2205.14135, algorithm 1; Milakov & Gimelshein 2018. Reference: attention.ref.ts.
struct Params { rows: u32, heads: u32, kv_heads: u32, scale: f32, window: u32, soft_cap: f32, head_vecs: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(5) var<storage, read_write> o: array<Vec>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

const MASKED: f32 = -3.4e38;

fn largest(s: vec4f) -> f32 { return max(max(s.x, s.y), max(s.z, s.w)); }
fn row_largest(s: mat4x4f) -> vec4f { return vec4f(largest(s[0]), largest(s[1]), largest(s[2]), largest(s[3])); }

fn sum4(a: vec4f) -> f32 { return (a.x + a.y) + (a.z + a.w); }
fn row_sums(s: mat4x4f) -> vec4f { return vec4f(sum4(s[0]), sum4(s[1]), sum4(s[2]), sum4(s[3])); }

fn row_scores(products: vec4f, first: u32, end: u32, column: vec4u) -> vec4f {
  return select(vec4f(MASKED), score_of(products).s, (column >= vec4u(first)) & (column < vec4u(end)));
}

fn scores(s: mat4x4f, keys: Keys, column: vec4u) -> mat4x4f {
  return mat4x4f(
    @repeat(4) row_scores(s[$i], keys.first[$i], keys.end[$i], column),
  );
}

// The select matters while a row has seen nothing: its maximum is MASKED too, and exp(0) is 1.
fn row_weights(s: vec4f, row_max: f32) -> vec4f { return select(exp(s - row_max), vec4f(0.0), s == vec4f(MASKED)); }

fn weights(s: mat4x4f, row_max: vec4f) -> mat4x4f {
  return mat4x4f(
    @repeat(4) row_weights(s[$i], row_max[$i]),
  );
}

/** What o holds, weighed anew: nothing before the first block. */
fn load_o(at: vec4u, keep: vec4f, is_first: bool) -> Rows {
  return Rows(
    @repeat(4) select(o[at[$i]] * keep[$i], Vec(0.0), is_first),
  );
}

fn store_o(x: Rows, factor: vec4f, row: vec4u, at: vec4u) {
  @repeat(4) if (row[$i] < p.rows) { o[at[$i]] = x.$l * factor[$i]; }
}

@compute @workgroup_size(4)
fn forward_quads(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let index = wg.y * grid.x + wg.x;
  if (index >= (p.rows + TILE - 1u) / TILE * p.heads) { return; }
  let head = index % p.heads;
  let kv_head = head / (p.heads / p.kv_heads);
  let tile = index / p.heads * TILE;
  let seen = keys_of_tile(tile);
  let row = vec4u(tile + member) + STEPS;
  let keys = keys_of_four(row);
  let at = heads_at(row, p.heads, head);
  var row_max = vec4f(MASKED);
  var row_sum = vec4f(0.0);
  let start = seen.x / TILE * TILE;
  let end = max(seen.y, start + 1u);
  for (var j = start; j < end; j += TILE) {
    let mine = heads_at(vec4u(j + member) + STEPS, p.kv_heads, kv_head);
    var s = no_block();
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      let own = Rows(q[at.x + d], q[at.y + d], q[at.z + d], q[at.w + d]);
      @repeat(4) s.$l += products(own, quad_broadcast_rows(k[mine[$i] + d]));
    }
    let column = vec4u(j) + vec4u(0u, 1u, 2u, 3u);
    @repeat(4) s.$l = scores(s.$l, keys, column + 4u * $iu);
    let next_max = max(row_max, max(max(row_largest(s.a), row_largest(s.b)), max(row_largest(s.c), row_largest(s.d))));
    let keep = exp(row_max - next_max);
    row_max = next_max;
    let w = Block(weights(s.a, row_max), weights(s.b, row_max), weights(s.c, row_max), weights(s.d, row_max));
    row_sum = row_sum * keep + ((row_sums(w.a) + row_sums(w.b)) + (row_sums(w.c) + row_sums(w.d)));
    // A row that sees nothing is padding: zeros, and an lse that neither weighs nor overflows in the backward pass.
    let factor = select(vec4f(1.0), select(vec4f(0.0), 1.0 / row_sum, row_sum > vec4f(0.0)), j + TILE >= end);
    for (var d = 0u; d < p.head_vecs; d += 1u) {
      var acc = load_o(at + d, keep, j == start);
      @repeat(4) acc = weigh(acc, w.$l, quad_broadcast_rows(v[mine[$i] + d]));
      store_o(acc, factor, row, at + d);
    }
  }
  let row_lse = select(vec4f(0.0), row_max + log(row_sum), row_sum > vec4f(0.0));
  for (var r = 0u; r < 4u; r += 1u) {
    if (row[r] < p.rows) { lse[row[r] * p.heads + head] = row_lse[r]; }
  }
}
