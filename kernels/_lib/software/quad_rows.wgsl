// Four rows of a head: each of four invocations loads one and broadcasts it (see quad_broadcast.wgsl). Joined with vector_*.wgsl.
/** One Vec of the head dimension for each of four rows. */
struct Rows { a: Vec, b: Vec, c: Vec, d: Vec }

/** The Vecs of all four invocations. */
fn quad_broadcast_rows(mine: Vec) -> Rows {
  return Rows(quadBroadcast(mine, 0u), quadBroadcast(mine, 1u), quadBroadcast(mine, 2u), quadBroadcast(mine, 3u));
}

fn dots(a: Vec, x: Rows) -> vec4f { return vec4f(vec_dot(a, x.a), vec_dot(a, x.b), vec_dot(a, x.c), vec_dot(a, x.d)); }

fn weighted_rows(w: vec4f, x: Rows) -> Vec { return vec_weigh(w, x.a, x.b, x.c, x.d); }
