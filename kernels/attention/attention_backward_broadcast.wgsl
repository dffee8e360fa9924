// attention_backward.wgsl for subgroups of SUBGROUP lanes, which own rows of one head: queries for dq, keys for dk and dv. Joined
// with attention_broadcast.wgsl and p_ds_of.wgsl.
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> dy: array<Vec>;
@group(0) @binding(5) var<storage, read> lse_delta: array<vec2f>;
@group(0) @binding(6) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(7) var<storage, read_write> dq: array<Vec>;
@group(0) @binding(8) var<storage, read_write> dk: array<Vec>;
@group(0) @binding(9) var<storage, read_write> dv: array<Vec>;

fn load_q(first: u32, lane: u32, head: u32) -> Others {
  let at = row_at(first + lane % STEP, p.heads, head);
  var others = Others();
  @repeat(LOADS) others[$i] = q[at + vec_of(lane, $iu)];
  return others;
}

fn load_dy(first: u32, lane: u32, head: u32) -> Others {
  let at = row_at(first + lane % STEP, p.heads, head);
  var others = Others();
  @repeat(LOADS) others[$i] = dy[at + vec_of(lane, $iu)];
  return others;
}

fn ds_of(products: vec4f, dp: vec4f, columns: vec4u, keys: vec2u, of_row: vec2f) -> vec4f {
  let visible = (columns >= vec4u(keys.x)) & (columns < vec4u(keys.y));
  return p_ds_of(products, dp, vec4f(of_row.x), vec4f(of_row.y), visible).ds;
}

fn store_dq(row: u32, head: u32, sums: Row) {
  if (row >= p.rows) { return; }
  @repeat(VECS) dq[(row * p.heads + head) * VECS + $iu] = sums[$i];
}

@compute @workgroup_size(SUBGROUP)
fn broadcast_dq(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
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
  let of_a = lse_delta[q_a / VECS];
  let of_b = lse_delta[q_b / VECS];
  var own_q = Rows();
  var own_dy = Rows();
  @repeat(VECS) {
    own_q.a[$i] = q[q_a + $iu];
    own_q.b[$i] = q[q_b + $iu];
    own_dy.a[$i] = dy[q_a + $iu];
    own_dy.b[$i] = dy[q_b + $iu];
  }
  var sums = Rows();
  for (var block = keys.x / STEP * STEP; block < keys.y; block += STEP) {
    let of_k = load_k(block, lane, kv_head);
    var s = Scores();
    var dp = Scores();
    add_products(&dp, &own_dy, load_v(block, lane, kv_head));
    add_products(&s, &own_q, of_k);
    @repeat(QUADS) {
      let columns_$i = columns_from(block + 4u * $iu);
      s.a[$i] = ds_of(s.a[$i], dp.a[$i], columns_$i, keys_a, of_a);
      s.b[$i] = ds_of(s.b[$i], dp.b[$i], columns_$i, keys_b, of_b);
    }
    add_weighted(&sums, s, of_k);
  }
  store_dq(row_a, head, sums.a);
  store_dq(row_b, head, sums.b);
}

/** Of four query rows: lse and delta, and which keys they see. */
struct Queries { row_lse: vec4f, delta: vec4f, first: vec4u, end: vec4u }

fn store_dkv(row: u32, head: u32, dk_sums: Row, dv_sums: Row) {
  if (row >= p.rows) { return; }
  @repeat(VECS) {
    dk[(row * p.heads + head) * VECS + $iu] = dk_sums[$i];
    dv[(row * p.heads + head) * VECS + $iu] = dv_sums[$i];
  }
}

/** One past the last row that may see a key: of its segment, and in the window. */
fn end_of(key: u32) -> u32 {
  if (key >= p.rows) { return 0u; }
  let segment_end = bounds[key].y;
  return select(segment_end, min(segment_end, key + p.window), p.window > 0u);
}

@compute @workgroup_size(SUBGROUP)
fn broadcast_dkv(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let index = wg.y * grid.x + wg.x;
  if (index >= (p.rows + TILE - 1u) / TILE * p.heads) { return; }
  let head = index % p.heads;
  let kv_head = head / (p.heads / p.kv_heads);
  let tile = index / p.heads * TILE;
  let row_a = tile + lane;
  let row_b = row_a + SUBGROUP;
  let end = subgroupMax(max(end_of(row_a), end_of(row_b)));
  let k_a = row_at(row_a, p.kv_heads, kv_head);
  let k_b = row_at(row_b, p.kv_heads, kv_head);
  var own_k = Rows();
  var own_v = Rows();
  @repeat(VECS) {
    own_k.a[$i] = k[k_a + $iu];
    own_k.b[$i] = k[k_b + $iu];
    own_v.a[$i] = v[k_a + $iu];
    own_v.b[$i] = v[k_b + $iu];
  }
  var dk_sums = Rows();
  var dv_sums = Rows();
  for (var block = tile; block < end; block += STEP) {
    let of_q = load_q(block, lane, head);
    let of_dy = load_dy(block, lane, head);
    let row = block + lane % STEP;
    let of_row = lse_delta[min(row, p.rows - 1u) * p.heads + head];
    let keys = keys_of(row);
    var s = Scores();
    var dp = Scores();
    add_products(&s, &own_k, of_q);
    add_products(&dp, &own_v, of_dy);
    var queries = array<Queries, QUADS>();
    @repeat(STEP) {
      let of_row_$i = subgroupBroadcast(of_row, $iu);
      let keys_$i = subgroupBroadcast(keys, $iu);
      queries[$4].row_lse[$m] = of_row_$i.x;
      queries[$4].delta[$m] = of_row_$i.y;
      queries[$4].first[$m] = keys_$i.x;
      queries[$4].end[$m] = keys_$i.y;
    }
    @repeat(QUADS) {
      let of_$i = queries[$i];
      let a_$i = p_ds_of(s.a[$i], dp.a[$i], of_$i.row_lse, of_$i.delta, (vec4u(row_a) >= of_$i.first) & (vec4u(row_a) < of_$i.end));
      let b_$i = p_ds_of(s.b[$i], dp.b[$i], of_$i.row_lse, of_$i.delta, (vec4u(row_b) >= of_$i.first) & (vec4u(row_b) < of_$i.end));
      s.a[$i] = a_$i.weight;
      s.b[$i] = b_$i.weight;
      dp.a[$i] = a_$i.ds;
      dp.b[$i] = b_$i.ds;
    }
    add_weighted(&dv_sums, s, of_dy);
    add_weighted(&dk_sums, dp, of_q);
  }
  store_dkv(row_a, head, dk_sums.a, dv_sums.a);
  store_dkv(row_b, head, dk_sums.b, dv_sums.b);
}
