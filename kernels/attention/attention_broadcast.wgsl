// Shared by attention's tilings for subgroups of SUBGROUP lanes: no workgroup memory and no barrier. A lane owns two rows of a
// head, lane and lane + SUBGROUP of a tile. Rows of the other side are read STEP at a time: a lane loads every SPAN-th Vec of one
// of them and broadcasts it. Sums run in the order of the tiles in workgroup memory, so the bits are the same. Counts
// (VECS, STEP, PAIRS = VECS * STEP, …) come with broadcast.ts, which unrolls the code they repeat, because registers have no
// computed index. Joined after _lib/broadcast.ts's head, with keys_of.wgsl, _lib/vector_4.wgsl and a score cap.
struct Params { rows: u32, heads: u32, kv_heads: u32, scale: f32, window: u32, soft_cap: f32 }

@group(0) @binding(0) var<uniform> p: Params;

/** Vecs of a row of the other side that are loaded at once. */
const SPAN = SUBGROUP / STEP;
const TILE = 2u * SUBGROUP;

/** A row of a head. */
alias Row = array<Vec, VECS>;
struct Rows { a: Row, b: Row }
/** STEP rows of the other side: of row lane % STEP, the Vecs lane / STEP, lane / STEP + SPAN, … */
alias Others = array<Vec, LOADS>;
/** Scores or weights of the two rows, each with STEP of the other side. */
struct Scores { a: array<vec4f, QUADS>, b: array<vec4f, QUADS> }

/** Where a row of a head begins in [N, heads, D], or the last row: a load that is always made needs no branch. */
fn row_at(row: u32, heads: u32, head: u32) -> u32 { return (min(row, p.rows - 1u) * heads + head) * VECS; }

/** The lane's Vec of a turn of loading Others. */
fn vec_of(lane: u32, turn: u32) -> u32 { return min(turn * SPAN + lane / STEP, VECS - 1u); }

/** s += own . others */
fn add_products(s: ptr<function, Scores>, own: ptr<function, Rows>, others: Others) {
  @repeat(PAIRS) {
    let x_$i = subgroupBroadcast(others[$iu / STEP / SPAN], $iu / STEP % SPAN * STEP + $iu % STEP);
    (*s).a[$iu % STEP / 4u][$iu % 4u] += vec_dot((*own).a[$iu / STEP], x_$i);
    (*s).b[$iu % STEP / 4u][$iu % 4u] += vec_dot((*own).b[$iu / STEP], x_$i);
  }
}

/** sums += weights . others */
fn add_weighted(sums: ptr<function, Rows>, w: Scores, others: Others) {
  @repeat(PAIRS) {
    let x_$i = subgroupBroadcast(others[$iu / STEP / SPAN], $iu / STEP % SPAN * STEP + $iu % STEP);
    (*sums).a[$iu / STEP] += w.a[$iu % STEP / 4u][$iu % 4u] * x_$i;
    (*sums).b[$iu / STEP] += w.b[$iu % STEP / 4u][$iu % 4u] * x_$i;
  }
}

/** The keys that any row of a tile sees, from those of the lane's two. */
fn keys_of_tile(a: vec2u, b: vec2u) -> vec2u {
  let first = min(select(p.rows, a.x, a.x < a.y), select(p.rows, b.x, b.x < b.y));
  return vec2u(subgroupMin(first), subgroupMax(max(a.y, b.y)));
}

fn columns_from(first: u32) -> vec4u { return vec4u(first) + vec4u(0u, 1u, 2u, 3u); }

// WGSL passes no storage to a function, so each operand has its own.
fn load_k(first: u32, lane: u32, head: u32) -> Others {
  let at = row_at(first + lane % STEP, p.kv_heads, head);
  var others = Others();
  @repeat(LOADS) others[$i] = k[at + vec_of(lane, $iu)];
  return others;
}

fn load_v(first: u32, lane: u32, head: u32) -> Others {
  let at = row_at(first + lane % STEP, p.kv_heads, head);
  var others = Others();
  @repeat(LOADS) others[$i] = v[at + vec_of(lane, $iu)];
  return others;
}
