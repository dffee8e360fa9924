// Causal grouped-query attention inside segments, backward, tiled through workgroup memory. With s, o and lse as in
// attention_forward.wgsl, and lse_delta = (lse, delta), delta[i,h] = sum_d o dy:
//   P[i,j] = exp(s[i,j] - lse[i,h])      dP[i,j] = dy[i,h].v[j,g]      dS = scale * cap'(s) * P * (dP - delta)
//   backward_dq   dq[i,h] = sum_j dS[i,j] k[j,g]
//   backward_dkv  dk[j,h] = sum_i dS[i,j] q[i,h]      dv[j,h] = sum_i P[i,j] dy[i,h]      added up over g's group by sum_group
// q, dy, dq, dk, dv [N, H, D]; k, v [N, K, D]; lse_delta [N, H]; bounds [N]. A workgroup owns rows of one head
// (attention_tile.wgsl): queries for dq, keys for dkv. The operand multiplied last is staged last: a head of one chunk is read
// once. Joined with attention_tile.wgsl, p_ds_of.wgsl, keys_of.wgsl, _lib/vector_*.wgsl and a score cap. Source: Dao 2023,
// arXiv:2307.08691, algorithm 2. Reference: attention.ref.ts.
@group(0) @binding(1) var<storage, read> q: array<Vec>;
@group(0) @binding(2) var<storage, read> k: array<Vec>;
@group(0) @binding(3) var<storage, read> v: array<Vec>;
@group(0) @binding(4) var<storage, read> dy: array<Vec>;
@group(0) @binding(5) var<storage, read> lse_delta: array<vec2f>;
@group(0) @binding(6) var<storage, read> bounds: array<vec2u>;
@group(0) @binding(7) var<storage, read_write> dq: array<Vec>;
@group(0) @binding(8) var<storage, read_write> dk: array<Vec>;
@group(0) @binding(9) var<storage, read_write> dv: array<Vec>;

fn load_q_own(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OWN_TURNS; turn += 1u) {
    let place = place_of(OWN_VECS, first_row, chunk, lane, turn);
    stage_own(place, q[index_of(place, p.heads, head)]);
  }
}

fn load_q_other(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OTHER_TURNS; turn += 1u) {
    let place = place_of(OTHER_VECS, first_row, chunk, lane, turn);
    stage_other(place, q[index_of(place, p.heads, head)]);
  }
}

fn load_dy_own(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OWN_TURNS; turn += 1u) {
    let place = place_of(OWN_VECS, first_row, chunk, lane, turn);
    stage_own(place, dy[index_of(place, p.heads, head)]);
  }
}

fn load_dy_other(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OTHER_TURNS; turn += 1u) {
    let place = place_of(OTHER_VECS, first_row, chunk, lane, turn);
    stage_other(place, dy[index_of(place, p.heads, head)]);
  }
}

fn load_k_own(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OWN_TURNS; turn += 1u) {
    let place = place_of(OWN_VECS, first_row, chunk, lane, turn);
    stage_own(place, k[index_of(place, p.kv_heads, head)]);
  }
}

fn load_k_other(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OTHER_TURNS; turn += 1u) {
    let place = place_of(OTHER_VECS, first_row, chunk, lane, turn);
    stage_other(place, k[index_of(place, p.kv_heads, head)]);
  }
}

fn load_v_own(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OWN_TURNS; turn += 1u) {
    let place = place_of(OWN_VECS, first_row, chunk, lane, turn);
    stage_own(place, v[index_of(place, p.kv_heads, head)]);
  }
}

fn load_v_other(first_row: u32, head: u32, chunk: u32, lane: u32) {
  for (var turn = 0u; turn < OTHER_TURNS; turn += 1u) {
    let place = place_of(OTHER_VECS, first_row, chunk, lane, turn);
    stage_other(place, v[index_of(place, p.kv_heads, head)]);
  }
}

@compute @workgroup_size(WG)
fn backward_dq(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
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
  var of_row = array<vec2f, 4>();
  for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
    let row = tile + my_row + r;
    keys[r] = keys_of(row);
    of_row[r] = lse_delta[min(row, p.rows - 1u) * p.heads + head];
  }
  var sums: Sums;
  for (var block = first / BLOCK * BLOCK; block < end; block += BLOCK) {
    var s = Scores();
    var dp = Scores();
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      load_dy_own(tile, head, chunk, lane);
      load_v_other(block, kv_head, chunk, lane);
      workgroupBarrier();
      add_products(&dp, my_row, my_column);
      workgroupBarrier();
      load_q_own(tile, head, chunk, lane);
      load_k_other(block, kv_head, chunk, lane);
      workgroupBarrier();
      add_products(&s, my_row, my_column);
      if (CHUNKS > 1u) { workgroupBarrier(); }
    }
    let columns = vec4u(block + my_column) + vec4u(0u, 8u, 16u, 24u);
    for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
      let visible = (columns >= vec4u(keys[r].x)) & (columns < vec4u(keys[r].y));
      s[r] = p_ds_of(s[r], dp[r], vec4f(of_row[r].x), vec4f(of_row[r].y), visible).ds;
    }
    store_weights(group, my_column, s);
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      if (CHUNKS > 1u) { load_k_other(block, kv_head, chunk, lane); }
      workgroupBarrier();
      add_weighted(&sums, group, my_column);
      workgroupBarrier();
    }
  }
  for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
    for (var i = 0u; i < CHUNKS * VECS_PER_LANE; i += 1u) {
      let in_chunk = my_column + i % VECS_PER_LANE * GROUPS;
      let d = i / VECS_PER_LANE * CHUNK_VECS + in_chunk;
      let row = tile + my_row + r;
      if (in_chunk < CHUNK_VECS && is_inside(row, d)) { dq[(row * p.heads + head) * HEAD_VECS + d] = sums[i * ROWS_PER_LANE + r]; }
    }
  }
}

@compute @workgroup_size(WG)
fn backward_dkv(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * grid.x + wg.x;
  let tile_rows = GROUPS * ROWS_PER_LANE;
  if (index >= (p.rows + tile_rows - 1u) / tile_rows * p.heads) { return; }
  let head = index % p.heads;
  let kv_head = head / (p.heads / p.kv_heads);
  let tile = index / p.heads * tile_rows;
  var end = 0u;
  for (var r = 0u; r < min(tile_rows, p.rows - tile); r += 1u) {
    let segment_end = bounds[tile + r].y;
    end = max(end, select(segment_end, min(segment_end, tile + r + p.window), p.window > 0u));
  }
  let group = lane / GROUPS;
  let my_row = group * ROWS_PER_LANE;
  let my_column = lane % GROUPS;
  var dk_sums: Sums;
  var dv_sums: Sums;
  for (var block = tile / BLOCK * BLOCK; block < end; block += BLOCK) {
    var s = Scores();
    var dp = Scores();
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      load_k_own(tile, kv_head, chunk, lane);
      load_q_other(block, head, chunk, lane);
      workgroupBarrier();
      add_products(&s, my_row, my_column);
      workgroupBarrier();
      load_v_own(tile, kv_head, chunk, lane);
      load_dy_other(block, head, chunk, lane);
      workgroupBarrier();
      add_products(&dp, my_row, my_column);
      if (CHUNKS > 1u) { workgroupBarrier(); }
    }
    let columns = vec4u(block + my_column) + vec4u(0u, 8u, 16u, 24u);
    let column_head = min(columns, vec4u(p.rows - 1u)) * p.heads + vec4u(head);
    let lse_delta_0 = lse_delta[column_head.x];
    let lse_delta_1 = lse_delta[column_head.y];
    let lse_delta_2 = lse_delta[column_head.z];
    let lse_delta_3 = lse_delta[column_head.w];
    let row_lse = vec4f(lse_delta_0.x, lse_delta_1.x, lse_delta_2.x, lse_delta_3.x);
    let delta = vec4f(lse_delta_0.y, lse_delta_1.y, lse_delta_2.y, lse_delta_3.y);
    let keys_0 = keys_of(columns.x);
    let keys_1 = keys_of(columns.y);
    let keys_2 = keys_of(columns.z);
    let keys_3 = keys_of(columns.w);
    let seen_first = vec4u(keys_0.x, keys_1.x, keys_2.x, keys_3.x);
    let seen_end = vec4u(keys_0.y, keys_1.y, keys_2.y, keys_3.y);
    for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
      let row = vec4u(tile + my_row + r);
      let both = p_ds_of(s[r], dp[r], row_lse, delta, (row >= seen_first) & (row < seen_end));
      s[r] = both.weight;
      dp[r] = both.ds;
    }
    store_weights(group, my_column, s);
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      if (CHUNKS > 1u) { load_dy_other(block, head, chunk, lane); }
      workgroupBarrier();
      add_weighted(&dv_sums, group, my_column);
      workgroupBarrier();
    }
    store_weights(group, my_column, dp);
    for (var chunk = 0u; chunk < CHUNKS; chunk += 1u) {
      load_q_other(block, head, chunk, lane);
      workgroupBarrier();
      add_weighted(&dk_sums, group, my_column);
      workgroupBarrier();
    }
  }
  for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
    for (var i = 0u; i < CHUNKS * VECS_PER_LANE; i += 1u) {
      let in_chunk = my_column + i % VECS_PER_LANE * GROUPS;
      let d = i / VECS_PER_LANE * CHUNK_VECS + in_chunk;
      let row = tile + my_row + r;
      if (in_chunk < CHUNK_VECS && is_inside(row, d)) {
        dk[(row * p.heads + head) * HEAD_VECS + d] = dk_sums[i * ROWS_PER_LANE + r];
        dv[(row * p.heads + head) * HEAD_VECS + d] = dv_sums[i * ROWS_PER_LANE + r];
      }
    }
  }
}
