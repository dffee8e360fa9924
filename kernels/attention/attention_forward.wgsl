// Causal grouped-query attention inside segments, forward, tiled through workgroup memory.
//   s[i,j] = cap(scale * q[i,h].k[j,g])    g = h / (H / K)
//   o[i,h] = sum_j exp(s[i,j] - lse[i,h]) v[j,g]    lse[i,h] = log sum_j exp(s[i,j])
// over the keys that row i sees: bounds[i].x <= j <= i < bounds[i].y, and i - j < window when window > 0.
// q, o [N, H, D]; k, v [N, K, D]; bounds [N]; lse [N, H]. A workgroup owns 8 * ROWS_PER_LANE query rows of one head; keys
// are read in blocks of 32 at fixed places, D in chunks of CHUNK_VECS. Its 64 lanes are 8 groups of rows times 8 groups of
// columns: a lane holds scores of columns c, c + 8, c + 16, c + 24 and sums the Vecs c, c + 8, … of each chunk of o.
// Joined with keys_of.wgsl, _lib/vector_*.wgsl and a score cap. Source: Dao et al. 2022, arXiv:2205.14135, algorithm 1.
// Reference: attention.ref.ts.
override HEAD_VECS: u32 = 8;
override CHUNKS: u32 = 1;
override CHUNK_VECS: u32 = 8;
override ROWS_PER_LANE: u32 = 4;

struct Params { rows: u32, heads: u32, kv_heads: u32, scale: f32, window: u32, soft_cap: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(5) var<storage, read_write> o: array<Vec>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

const WG: u32 = 64u;
const GROUPS: u32 = 8u;
const BLOCK: u32 = 32u;
const MASKED: f32 = -3.4e38;
// One more than a row holds, so that rows start in different banks.
override STRIDE: u32 = CHUNK_VECS + 1u;
override VECS_PER_LANE: u32 = (CHUNK_VECS + GROUPS - 1u) / GROUPS;
const WEIGHT_STRIDE: u32 = BLOCK + 1u;

var<workgroup> own: array<Vec, BLOCK * STRIDE>;
var<workgroup> other: array<Vec, BLOCK * STRIDE>;
var<workgroup> weights: array<f32, BLOCK * WEIGHT_STRIDE>;
var<workgroup> lane_max: array<f32, BLOCK * GROUPS>;
var<workgroup> lane_sum: array<f32, BLOCK * GROUPS>;

fn is_inside(row: u32, d: u32) -> bool { return row < p.rows && d < HEAD_VECS; }

fn load_q(tile: u32, head: u32, chunk: u32, lane: u32) {
  for (var i = lane; i < GROUPS * ROWS_PER_LANE * CHUNK_VECS; i += WG) {
    let row = tile + i / CHUNK_VECS;
    let d = chunk * CHUNK_VECS + i % CHUNK_VECS;
    var value = Vec(0.0);
    if (is_inside(row, d)) { value = q[(row * p.heads + head) * HEAD_VECS + d]; }
    own[i / CHUNK_VECS * STRIDE + i % CHUNK_VECS] = value;
  }
}

fn load_k(block: u32, head: u32, chunk: u32, lane: u32) {
  for (var i = lane; i < BLOCK * CHUNK_VECS; i += WG) {
    let row = block + i / CHUNK_VECS;
    let d = chunk * CHUNK_VECS + i % CHUNK_VECS;
    var value = Vec(0.0);
    if (is_inside(row, d)) { value = k[(row * p.kv_heads + head) * HEAD_VECS + d]; }
    other[i / CHUNK_VECS * STRIDE + i % CHUNK_VECS] = value;
  }
}

fn load_v(block: u32, head: u32, chunk: u32, lane: u32) {
  for (var i = lane; i < BLOCK * CHUNK_VECS; i += WG) {
    let row = block + i / CHUNK_VECS;
    let d = chunk * CHUNK_VECS + i % CHUNK_VECS;
    var value = Vec(0.0);
    if (is_inside(row, d)) { value = v[(row * p.kv_heads + head) * HEAD_VECS + d]; }
    other[i / CHUNK_VECS * STRIDE + i % CHUNK_VECS] = value;
  }
}

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
  let my_row = lane / GROUPS * ROWS_PER_LANE;
  let my_column = lane % GROUPS;
  var acc: array<Vec, 32u / WIDTH>;
  var row_max = array<f32, 4>(MASKED, MASKED, MASKED, MASKED);
  var row_sum = array<f32, 4>(0.0, 0.0, 0.0, 0.0);
  for (var block = first / BLOCK * BLOCK; block < end; block += BLOCK) {
    var s = array<vec4f, 4>();
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      load_q(tile, head, chunk, lane);
      load_k(block, kv_head, chunk, lane);
      workgroupBarrier();
      for (var d = 0u; d < CHUNK_VECS; d += 1u) {
        let k0 = other[my_column * STRIDE + d];
        let k1 = other[(my_column + 8u) * STRIDE + d];
        let k2 = other[(my_column + 16u) * STRIDE + d];
        let k3 = other[(my_column + 24u) * STRIDE + d];
        for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
          let a = own[(my_row + r) * STRIDE + d];
          s[r] += vec4f(vec_dot(a, k0), vec_dot(a, k1), vec_dot(a, k2), vec_dot(a, k3));
        }
      }
      workgroupBarrier();
    }
    let columns = vec4u(block + my_column) + vec4u(0u, 8u, 16u, 24u);
    for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
      let keys = keys_of(tile + my_row + r);
      s[r] = select(vec4f(MASKED), score_of(s[r]).s, (columns >= vec4u(keys.x)) & (columns < vec4u(keys.y)));
      lane_max[(my_row + r) * GROUPS + my_column] = max(max(s[r].x, s[r].y), max(s[r].z, s[r].w));
    }
    workgroupBarrier();
    for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
      let keys = keys_of(tile + my_row + r);
      var next_max = row_max[r];
      for (var c = 0u; c < GROUPS; c += 1u) { next_max = max(next_max, lane_max[(my_row + r) * GROUPS + c]); }
      let keep = exp(row_max[r] - next_max);
      row_max[r] = next_max;
      row_sum[r] *= keep;
      for (var i = 0u; i < CHUNKS * VECS_PER_LANE; i += 1u) { acc[i * ROWS_PER_LANE + r] *= keep; }
      // The select matters while a row has seen nothing: its maximum is MASKED too, and exp(0) is 1.
      let visible = (columns >= vec4u(keys.x)) & (columns < vec4u(keys.y));
      let weight = select(vec4f(0.0), exp(s[r] - next_max), visible);
      let at = (my_row + r) * WEIGHT_STRIDE + my_column;
      weights[at] = weight.x;
      weights[at + 8u] = weight.y;
      weights[at + 16u] = weight.z;
      weights[at + 24u] = weight.w;
      lane_sum[(my_row + r) * GROUPS + my_column] = (weight.x + weight.y) + (weight.z + weight.w);
    }
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      load_v(block, kv_head, chunk, lane);
      workgroupBarrier();
      for (var t = 0u; t < VECS_PER_LANE; t += 1u) {
        let d = min(my_column + t * GROUPS, CHUNK_VECS - 1u);
        for (var j = 0u; j < BLOCK; j += 1u) {
          let value = other[j * STRIDE + d];
          for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
            acc[(chunk * VECS_PER_LANE + t) * ROWS_PER_LANE + r] += weights[(my_row + r) * WEIGHT_STRIDE + j] * value;
          }
        }
      }
      workgroupBarrier();
    }
    for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
      for (var c = 0u; c < GROUPS; c += 1u) { row_sum[r] += lane_sum[(my_row + r) * GROUPS + c]; }
    }
  }
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
