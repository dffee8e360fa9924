// Products of P and dS of a chunk (attention_p_ds_quad.wgsl) with the rows of a head, for software adapters with subgroups of
// four: the second half of the backward pass of attention, which consists of matrix products only.
//   products_rows      y[i,h] = sum_j W[h,i,j] x[j,g]               dq = dS k        y [N, H, D], x [N, K, D]
//   products_columns   y[j,g] (+)= sum_h sum_i W[h,i,j] x[i,h]      dk = dS^T q and dv = P^T dy, summed over chunks
//                                                                   y [N, K, D], x [N, H, D], h over g's group
// W is half of p_ds [2, H, C, S], which begins at p.first_plane: 0 for P, H for dS. A quad computes 16 rows of y by 8 Vecs,
// each invocation 2 of the 8; each loads a quarter of W and broadcasts it. Only the blocks of 16 that the first half wrote
// are read; they hold zeros for pairs that are masked, so all rows of a segment must have its bounds. products_columns
// adds to y, except where a chunk has the first queries that can see a key, and adds nothing where no query of a chunk can.
// Joined after attention_quad.wgsl and attention_chunk.wgsl. Source: Dao 2023, arXiv:2307.08691, algorithm 2.
// Reference: attention.ref.ts.
struct Params {
  rows: u32, heads: u32, kv_heads: u32, window: u32, head_vecs: u32, first_row: u32, chunk_rows: u32, first_plane: u32
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> p_ds: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<Vec>;
@group(0) @binding(3) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(4) var<storage, read_write> y: array<Vec>;

/** Vecs of a head that a quad computes. */
const SLICE: u32 = 8u;

/** Where this invocation's Vecs of y lie in a head: past its end when it has fewer. */
fn vecs_of(slice: u32, member: u32) -> vec2u { return vec2u(slice * SLICE + member) + vec2u(0u, 4u); }

/** The d-th Vec of four rows of x. */
fn x_rows(at: vec4u, d: u32) -> Rows {
  let known = min(d, p.head_vecs - 1u);
  return Rows(x[at.x + known], x[at.y + known], x[at.z + known], x[at.w + known]);
}

/** One row's weights in each invocation: the matrix's columns are the four rows, over four others. */
fn from_rows(w: vec4f) -> mat4x4f {
  return mat4x4f(quadBroadcast(w, 0u), quadBroadcast(w, 1u), quadBroadcast(w, 2u), quadBroadcast(w, 3u));
}

/** The same from one column in each invocation. */
fn from_columns(w: vec4f) -> mat4x4f { return transpose(from_rows(w)); }

/** Four rows of y: values, or values more than it holds. */
fn store(values: Rows, adds: bool, row: u32, heads: u32, head: u32, d: u32) {
  if (d >= p.head_vecs) { return; }
  let at = heads_at(vec4u(row) + vec4u(0u, 1u, 2u, 3u), heads, head) + d;
  @repeat(4) if (row + $iu < p.rows) { y[at[$i]] = values.$l + select(Vec(0.0), y[at[$i]], adds); }
}

@compute @workgroup_size(4)
fn products_rows(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let index = wg.y * grid.x + wg.x;
  let slices = (p.head_vecs + SLICE - 1u) / SLICE;
  if (index >= p.chunk_rows / TILE * p.heads * slices) { return; }
  let vecs = vecs_of(index % slices, member);
  let head = index / slices % p.heads;
  let kv_head = head / (p.heads / p.kv_heads);
  let own = index / slices / p.heads * TILE;
  let tile = p.first_row + own;
  let at = p_ds_at(p.first_plane + head, vec4u(own + member) + STEPS);
  var low = array<Rows, 4>();
  var high = array<Rows, 4>();
  let seen = blocks_of_tile(tile);
  for (var j = seen.x; j < seen.y; j += 4u) {
    let x_at = heads_at(vec4u(j) + vec4u(0u, 1u, 2u, 3u), p.kv_heads, kv_head);
    let x_low = x_rows(x_at, vecs.x);
    let x_high = x_rows(x_at, vecs.y);
    let w = at + j / 4u;
    @repeat(4) {
      let weights = from_rows(p_ds[w[$i]]);
      low[$i] = weigh(low[$i], weights, x_low);
      high[$i] = weigh(high[$i], weights, x_high);
    }
  }
  for (var n = 0u; n < 4u; n += 1u) {
    store(low[n], false, tile + 4u * n, p.heads, head, vecs.x);
    store(high[n], false, tile + 4u * n, p.heads, head, vecs.y);
  }
}

/** One past the last query that sees a key of a tile. */
fn queries_end(tile: u32) -> u32 {
  var end = tile;
  for (var row = tile; row < tile + TILE; row += 1u) {
    if (keys_of(row).y > 0u) {
      let segment_end = bounds[row].y;
      end = max(end, select(segment_end, min(segment_end, row + p.window), p.window > 0u));
    }
  }
  return end;
}

@compute @workgroup_size(4)
fn products_columns(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) member: u32) {
  let index = wg.y * grid.x + wg.x;
  let slices = (p.head_vecs + SLICE - 1u) / SLICE;
  if (index >= (p.first_row + p.chunk_rows) / TILE * p.kv_heads * slices) { return; }
  let vecs = vecs_of(index % slices, member);
  let kv_head = index / slices % p.kv_heads;
  let tile = index / slices / p.kv_heads * TILE;
  let first = max(tile, p.first_row);
  let end = min(queries_end(tile), p.first_row + p.chunk_rows);
  let is_first = tile >= p.first_row;
  if (first >= end && !is_first) { return; }
  var low = array<Rows, 4>();
  var high = array<Rows, 4>();
  let group = p.heads / p.kv_heads;
  for (var head = kv_head * group; head < (kv_head + 1u) * group; head += 1u) {
    for (var i = first; i < end; i += 4u) {
      let x_at = heads_at(vec4u(i) + vec4u(0u, 1u, 2u, 3u), p.heads, head);
      let x_low = x_rows(x_at, vecs.x);
      let x_high = x_rows(x_at, vecs.y);
      let w = p_ds_at(p.first_plane + head, vec4u(i - p.first_row + member)).x + tile / 4u;
      @repeat(4) {
        let weights = from_columns(p_ds[w + $iu]);
        low[$i] = weigh(low[$i], weights, x_low);
        high[$i] = weigh(high[$i], weights, x_high);
      }
    }
  }
  for (var n = 0u; n < 4u; n += 1u) {
    store(low[n], !is_first, tile + 4u * n, p.kv_heads, kv_head, vecs.x);
    store(high[n], !is_first, tile + 4u * n, p.kv_heads, kv_head, vecs.y);
  }
}
