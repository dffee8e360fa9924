enable subgroups;
// Shared by the quads of attention: four invocations broadcast their loads, because on a software adapter a load costs as much
// as many multiplications. An invocation owns 4 rows, a quad 16, and the other side is read in blocks of 16 rows at fixed places,
// of which each invocation loads 4. No invocation returns early on its own, as all four must take part in a
// broadcast. Joined before the files of quads here, with keys_of.wgsl, _lib/quad_rows.wgsl and vector_*.wgsl, and a score cap.
const TILE: u32 = 16u;
/** Distance between the 4 rows of an invocation, and between the 4 of the other side that it loads. */
const STEPS: vec4u = vec4u(0u, 4u, 8u, 12u);

/** keys_of of four rows. */
struct Keys { first: vec4u, end: vec4u }

fn keys_of_four(row: vec4u) -> Keys {
  @repeat(4) let $l = keys_of(row[$i]);
  return Keys(vec4u(a.x, b.x, c.x, d.x), vec4u(a.y, b.y, c.y, d.y));
}

/** The keys that any row of a tile sees. */
fn keys_of_tile(tile: u32) -> vec2u {
  var seen = vec2u(p.rows, 0u);
  for (var r = 0u; r < TILE; r += 1u) {
    let keys = keys_of(tile + r);
    if (keys.x < keys.y) { seen = vec2u(min(seen.x, keys.x), max(seen.y, keys.y)); }
  }
  return seen;
}

/** Where four rows of a head begin in an array [N, heads, D], in Vecs; rows past the last are the last. */
fn heads_at(row: vec4u, heads: u32, head: u32) -> vec4u {
  return (min(row, vec4u(p.rows - 1u)) * heads + vec4u(head)) * p.head_vecs;
}

/** Products of own rows (columns of the matrix) with four rows of the other side. */
fn products(own: Rows, x: Rows) -> mat4x4f { return mat4x4f(dots(own.a, x), dots(own.b, x), dots(own.c, x), dots(own.d, x)); }

/** Own rows plus four rows of the other side, weighted. */
fn weigh(acc: Rows, w: mat4x4f, x: Rows) -> Rows {
  return Rows(
    @repeat(4) acc.$l + weighted_rows(w[$i], x),
  );
}

/** Products of own rows with 16 rows of the other side: of invocation m's n-th row at [n][own row][m]. */
struct Block { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f }

fn no_block() -> Block { return Block(mat4x4f(), mat4x4f(), mat4x4f(), mat4x4f()); }
