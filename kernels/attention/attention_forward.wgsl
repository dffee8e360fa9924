// Causal grouped-query attention inside segments, forward, tiled through workgroup memory.
//   s[i,j] = cap(scale * q[i,h].k[j,g])    g = h / (H / K)
//   o[i,h] = sum_j exp(s[i,j] - lse[i,h]) v[j,g]    lse[i,h] = log sum_j exp(s[i,j])
// over the keys that row i sees: bounds[i].x <= j <= i < bounds[i].y, and i - j < window when window > 0.
// q, o [N, H, D]; k, v [N, K, D]; bounds [N]; lse [N, H]. A workgroup owns query rows of one head (attention_tile.wgsl).
// Joined with attention_tile.wgsl, keys_of.wgsl, _lib/vector_*.wgsl and a score cap.
// Source: Dao et al. 2022, arXiv:2205.14135, algorithm 1. Reference: attention.ref.ts.
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(5) var<storage, read_write> o: array<Vec>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

const MASKED: f32 = -3.4e38;
// Above MASKED, so that a masked score weighs 0 in a row that has seen nothing too, and below every score.
const LOWEST: f32 = -1e38;

// Of a lane's four rows, in each lane: their largest scores, and at the end their sums.
var<workgroup> of_lanes: array<vec4f, WG>;

fn load_q(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OWN_TURNS; turn += 1u) {
    let place = place_of(OWN_VECS, first_row, chunk, lane, turn);
    stage_own(place, q[index_of(place, p.heads, head)]);
  }
}

fn load_k(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OTHER_TURNS; turn += 1u) {
    let place = place_of(OTHER_VECS, first_row, chunk, lane, turn);
    stage_other(place, k[index_of(place, p.kv_heads, head)]);
  }
}

fn load_v(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OTHER_TURNS; turn += 1u) {
    let place = place_of(OTHER_VECS, first_row, chunk, lane, turn);
    stage_other(place, v[index_of(place, p.kv_heads, head)]);
  }
}

fn masked(products: vec4f, columns: vec4u, keys: vec2u) -> vec4f {
  return select(vec4f(MASKED), score_of(products).s, (columns >= vec4u(keys.x)) & (columns < vec4u(keys.y)));
}

fn largest_of(s: vec4f) -> f32 { return max(max(s.x, s.y), max(s.z, s.w)); }
fn sum_of(s: vec4f) -> f32 { return (s.x + s.y) + (s.z + s.w); }

@compute @workgroup_size(WG)
fn forward(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * grid.x + wg.x;
  let tile_rows = GROUPS * ROWS_PER_LANE;
  if (index >= (p.rows + tile_rows - 1u) / tile_rows * p.heads) { return; }
  let head = index % p.heads;
  let kv_head = head / (p.heads / p.kv_heads);
  // The last rows see most: they begin first.
  let tile = ((p.rows + tile_rows - 1u) / tile_rows - 1u - index / p.heads) * tile_rows;
  var first = p.rows;
  var end = 0u;
  for (var r = 0u; r < tile_rows; r += 1u) {
    let keys = keys_of(tile + r);
    if (keys.x < keys.y) {
      first = min(first, keys.x);
      end = max(end, keys.y);
    }
  }
  let group = lane / GROUPS;
  let my_row = group * ROWS_PER_LANE;
  let my_column = lane % GROUPS;
  // Rows that the lane does not have see nothing.
  var keys = array<vec2u, 4>();
  for (var r = 0u; r < ROWS_PER_LANE; r += 1u) { keys[r] = keys_of(tile + my_row + r); }
  var acc: Sums;
  var row_max = vec4f(MASKED);
  // What the lane's own columns give; added up over lanes at the end.
  var row_sum = vec4f(0.0);
  if (CHUNKS == 1u) { load_q(tile, head, 0u, lane); }
  for (var block = first / BLOCK * BLOCK; block < end; block += BLOCK) {
    var s = Scores();
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      if (CHUNKS > 1u) { load_q(tile, head, chunk, lane); }
      load_k(block, kv_head, chunk, lane);
      workgroupBarrier();
      add_products(&s, my_row, my_column);
      workgroupBarrier();
    }
    let columns = vec4u(block + my_column) + vec4u(0u, 8u, 16u, 24u);
    s[0] = masked(s[0], columns, keys[0]);
    s[1] = masked(s[1], columns, keys[1]);
    s[2] = masked(s[2], columns, keys[2]);
    s[3] = masked(s[3], columns, keys[3]);
    of_lanes[lane] = vec4f(largest_of(s[0]), largest_of(s[1]), largest_of(s[2]), largest_of(s[3]));
    workgroupBarrier();
    var next_max = row_max;
    for (var c = 0u; c < GROUPS; c += 1u) { next_max = max(next_max, of_lanes[group * GROUPS + c]); }
    let keep = exp(row_max - next_max);
    row_max = next_max;
    for (var i = 0u; i < CHUNKS * VECS_PER_LANE; i += 1u) {
      acc[i * ROWS_PER_LANE] *= keep.x;
      if (ROWS_PER_LANE > 1u) { acc[i * ROWS_PER_LANE + 1u] *= keep.y; }
      if (ROWS_PER_LANE > 2u) {
        acc[i * ROWS_PER_LANE + 2u] *= keep.z;
        acc[i * ROWS_PER_LANE + 3u] *= keep.w;
      }
    }
    let base = max(next_max, vec4f(LOWEST));
    s[0] = exp(s[0] - base.x);
    s[1] = exp(s[1] - base.y);
    s[2] = exp(s[2] - base.z);
    s[3] = exp(s[3] - base.w);
    row_sum = row_sum * keep + vec4f(sum_of(s[0]), sum_of(s[1]), sum_of(s[2]), sum_of(s[3]));
    store_weights(group, my_column, s);
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      load_v(block, kv_head, chunk, lane);
      workgroupBarrier();
      add_weighted(&acc, group, my_column);
      workgroupBarrier();
    }
  }
  of_lanes[lane] = row_sum;
  workgroupBarrier();
  row_sum = vec4f(0.0);
  for (var c = 0u; c < GROUPS; c += 1u) { row_sum += of_lanes[group * GROUPS + c]; }
  for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
    let row = tile + my_row + r;
    if (row >= p.rows) { continue; }
    // A row that sees nothing is padding: zeros, and an lse that neither weighs nor overflows in the backward pass.
    let seen = row_sum[r] > 0.0;
    let factor = select(0.0, 1.0 / row_sum[r], seen);
    if (my_column == 0u) { lse[row * p.heads + head] = select(0.0, row_max[r] + log(row_sum[r]), seen); }
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      for (var t = 0u; t < VECS_PER_LANE; t += 1u) {
        let in_chunk = my_column + t * GROUPS;
        let d = chunk * CHUNK_VECS + in_chunk;
        if (in_chunk < CHUNK_VECS && d < HEAD_VECS) {
          o[(row * p.heads + head) * HEAD_VECS + d] = acc[(chunk * VECS_PER_LANE + t) * ROWS_PER_LANE + r] * factor;
        }
      }
    }
  }
}
