// attention_forward.wgsl for subgroups of SUBGROUP lanes, which own query rows of one head. Joined with attention_broadcast.wgsl.
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(5) var<storage, read_write> o: array<Vec>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

const MASKED: f32 = -3.4e38;
// Above MASKED, so that a masked score weighs 0 in a row that has seen nothing too, and below every score.
const LOWEST: f32 = -1e38;
/** Keys between two rescalings of the sums, at fixed places. */
const BLOCK = 32u;

fn masked(products: vec4f, columns: vec4u, keys: vec2u) -> vec4f {
  return select(vec4f(MASKED), score_of(products).s, (columns >= vec4u(keys.x)) & (columns < vec4u(keys.y)));
}

fn largest_of(s: vec4f) -> f32 { return max(max(s.x, s.y), max(s.z, s.w)); }

/** Sums of a row's weights in columns c, c + 8, … for c from 0 to 7, as lanes of a workgroup have them. */
struct RowSum { low: vec4f, high: vec4f }

fn total_of(s: RowSum) -> f32 {
  return ((((((s.low.x + s.low.y) + s.low.z) + s.low.w) + s.high.x) + s.high.y) + s.high.z) + s.high.w;
}

// A row that sees nothing is padding: zeros, and an lse that neither weighs nor overflows in the backward pass.
fn store_row(row: u32, head: u32, sums: Row, sum: f32, largest: f32) {
  if (row >= p.rows) { return; }
  let seen = sum > 0.0;
  let factor = select(0.0, 1.0 / sum, seen);
  lse[row * p.heads + head] = select(0.0, largest + log(sum), seen);
  @repeat(VECS) o[(row * p.heads + head) * VECS + $iu] = sums[$i] * factor;
}

@compute @workgroup_size(SUBGROUP)
fn broadcast(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let index = wg.y * grid.x + wg.x;
  if (index >= (p.rows + TILE - 1u) / TILE * p.heads) { return; }
  let head = index % p.heads;
  let kv_head = head / (p.heads / p.kv_heads);
  // The last rows see most: they begin first.
  let row_a = ((p.rows + TILE - 1u) / TILE - 1u - index / p.heads) * TILE + lane;
  let row_b = row_a + SUBGROUP;
  let keys_a = keys_of(row_a);
  let keys_b = keys_of(row_b);
  let keys = keys_of_tile(keys_a, keys_b);
  let q_a = row_at(row_a, p.heads, head);
  let q_b = row_at(row_b, p.heads, head);
  var own = Rows();
  @repeat(VECS) {
    own.a[$i] = q[q_a + $iu];
    own.b[$i] = q[q_b + $iu];
  }
  var acc = Rows();
  var max_a = MASKED;
  var max_b = MASKED;
  var sum_a = RowSum();
  var sum_b = RowSum();
  for (var block = keys.x / BLOCK * BLOCK; block < keys.y; block += BLOCK) {
    var s = array<Scores, BLOCK / STEP>();
    @repeat(STEPS) {
      var s_$i = Scores();
      add_products(&s_$i, &own, load_k(block + $iu * STEP, lane, kv_head));
      s[$i] = s_$i;
    }
    var next_a = max_a;
    var next_b = max_b;
    @repeat(8) let columns_$i = columns_from(block + 4u * $iu);
    @repeat(8) let a_$i = masked(s[$iu / QUADS].a[$iu % QUADS], columns_$i, keys_a);
    @repeat(8) let b_$i = masked(s[$iu / QUADS].b[$iu % QUADS], columns_$i, keys_b);
    @repeat(8) next_a = max(next_a, largest_of(a_$i));
    @repeat(8) next_b = max(next_b, largest_of(b_$i));
    let keep_a = exp(max_a - next_a);
    let keep_b = exp(max_b - next_b);
    max_a = next_a;
    max_b = next_b;
    @repeat(8) let w_a_$i = exp(a_$i - max(max_a, LOWEST));
    @repeat(8) let w_b_$i = exp(b_$i - max(max_b, LOWEST));
    @repeat(8) s[$iu / QUADS].a[$iu % QUADS] = w_a_$i;
    @repeat(8) s[$iu / QUADS].b[$iu % QUADS] = w_b_$i;
    sum_a.low = sum_a.low * keep_a + ((w_a_0 + w_a_2) + (w_a_4 + w_a_6));
    sum_a.high = sum_a.high * keep_a + ((w_a_1 + w_a_3) + (w_a_5 + w_a_7));
    sum_b.low = sum_b.low * keep_b + ((w_b_0 + w_b_2) + (w_b_4 + w_b_6));
    sum_b.high = sum_b.high * keep_b + ((w_b_1 + w_b_3) + (w_b_5 + w_b_7));
    @repeat(VECS) {
      acc.a[$i] *= keep_a;
      acc.b[$i] *= keep_b;
    }
    @repeat(STEPS) add_weighted(&acc, s[$i], load_v(block + $iu * STEP, lane, kv_head));
  }
  store_row(row_a, head, acc.a, total_of(sum_a), max_a);
  store_row(row_b, head, acc.b, total_of(sum_b), max_b);
}
