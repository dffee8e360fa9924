// Shared by the two halves of attention's quad-subgroup backward pass; joined after attention_quad.wgsl.

/** First key of the blocks that a tile of queries sees, and one past the last that is seen: none when it sees none. */
fn blocks_of_tile(tile: u32) -> vec2u {
  let seen = keys_of_tile(tile);
  return vec2u(seen.x / TILE * TILE, seen.y);
}

/** Where rows of a chunk begin in p_ds [2, H, C, S], in Vecs of four: `plane` is a head of P, or H more for dS. */
fn p_ds_at(plane: u32, own: vec4u) -> vec4u {
  return (plane * p.chunk_rows + own) * ((p.rows + TILE - 1u) / TILE * (TILE / 4u));
}
