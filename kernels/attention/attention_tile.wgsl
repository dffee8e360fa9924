// Shared by the tiled attention kernels. A workgroup owns 8 * ROWS_PER_LANE rows (`own`); rows of the other side are read
// in blocks of 32 at fixed rows (`other`), the head dimension in chunks of CHUNK_VECS. Its 64 lanes are 8 groups of rows times
// 8 groups of columns: a lane holds scores of columns c, c + 8, c + 16, c + 24 and sums the Vecs c, c + 8, … of each chunk.
// Indices of private arrays must be compile-time constants: no element is selected by the counter of a long loop.
override HEAD_VECS: u32 = 8;
override CHUNKS: u32 = 1;
override CHUNK_VECS: u32 = 8;
override ROWS_PER_LANE: u32 = 4;

struct Params { rows: u32, heads: u32, kv_heads: u32, scale: f32, window: u32, soft_cap: f32 }

@group(0) @binding(0) var<uniform> p: Params;

const WG: u32 = 64u;
const GROUPS: u32 = 8u;
const BLOCK: u32 = 32u;
// One more than a row holds, so that rows start in different banks.
override STRIDE: u32 = CHUNK_VECS + 1u;
const WEIGHT_STRIDE: u32 = GROUPS + 1u;
override VECS_PER_LANE: u32 = (CHUNK_VECS + GROUPS - 1u) / GROUPS;
override CHUNK_SUMS: u32 = VECS_PER_LANE * ROWS_PER_LANE;
override OWN_VECS: u32 = GROUPS * ROWS_PER_LANE * CHUNK_VECS;
override OTHER_VECS: u32 = BLOCK * CHUNK_VECS;
// Counts of loads that are known beforehand are unrolled, and in flight together.
override OWN_TURNS: u32 = (OWN_VECS + WG - 1u) / WG;
override OTHER_TURNS: u32 = (OTHER_VECS + WG - 1u) / WG;

var<workgroup> own: array<Vec, BLOCK * STRIDE>;
var<workgroup> other: array<Vec, BLOCK * STRIDE>;
// Of a row of the other side, its weights in the rows of each group of lanes.
var<workgroup> weights: array<vec4f, BLOCK * WEIGHT_STRIDE>;

alias Scores = array<vec4f, 4>;
alias Sums = array<Vec, 32u / WIDTH>;

// The place of a lane's turn-th Vec of a tile: its row, its Vec of the head, and where it is staged.
struct Place { row: u32, d: u32, at: u32, is_staged: bool }

fn place_of(vecs: u32, first_row: u32, chunk: u32, lane: u32, turn: u32) -> Place {
  let i = turn * WG + lane;
  return Place(
    first_row + i / CHUNK_VECS, chunk * CHUNK_VECS + i % CHUNK_VECS, i / CHUNK_VECS * STRIDE + i % CHUNK_VECS,
    vecs % WG == 0u || i < vecs,
  );
}

fn is_inside(row: u32, d: u32) -> bool { return row < p.rows && (CHUNKS * CHUNK_VECS == HEAD_VECS || d < HEAD_VECS); }

// Where a Vec of [N, heads, D] is, or one that exists where the place is outside: a load that is always made needs no branch.
fn index_of(place: Place, heads: u32, head: u32) -> u32 {
  return (min(place.row, p.rows - 1u) * heads + head) * HEAD_VECS + min(place.d, HEAD_VECS - 1u);
}

fn stage_own(place: Place, value: Vec) {
  if (place.is_staged) { own[place.at] = select(Vec(0.0), value, is_inside(place.row, place.d)); }
}

fn stage_other(place: Place, value: Vec) {
  if (place.is_staged) { other[place.at] = select(Vec(0.0), value, is_inside(place.row, place.d)); }
}

// s[r] += own row r . other columns, over the chunk in workgroup memory.
fn add_products(s: ptr<function, Scores>, my_row: u32, my_column: u32) {
  for (var d = 0u; d < CHUNK_VECS; d += 1u) {
    let b0 = other[my_column * STRIDE + d];
    let b1 = other[(my_column + 8u) * STRIDE + d];
    let b2 = other[(my_column + 16u) * STRIDE + d];
    let b3 = other[(my_column + 24u) * STRIDE + d];
    for (var r = 0u; r < ROWS_PER_LANE; r += 1u) {
      let a = own[(my_row + r) * STRIDE + d];
      (*s)[r] += vec4f(vec_dot(a, b0), vec_dot(a, b1), vec_dot(a, b2), vec_dot(a, b3));
    }
  }
}

// Weights of the lane's rows (w[r]) in its four columns, turned: a load gives those of all its rows.
fn store_weights(group: u32, my_column: u32, w: Scores) {
  let at = my_column * WEIGHT_STRIDE + group;
  weights[at] = vec4f(w[0].x, w[1].x, w[2].x, w[3].x);
  weights[at + 8u * WEIGHT_STRIDE] = vec4f(w[0].y, w[1].y, w[2].y, w[3].y);
  weights[at + 16u * WEIGHT_STRIDE] = vec4f(w[0].z, w[1].z, w[2].z, w[3].z);
  weights[at + 24u * WEIGHT_STRIDE] = vec4f(w[0].w, w[1].w, w[2].w, w[3].w);
}

// The lane's t-th Vec of the chunk.
fn add_weighted_vec(sums: ptr<function, Sums>, t: u32, group: u32, my_column: u32) {
  let d = min(my_column + t * GROUPS, CHUNK_VECS - 1u);
  var part: array<Vec, 4>;
  for (var r = 0u; r < ROWS_PER_LANE; r += 1u) { part[r] = (*sums)[t * ROWS_PER_LANE + r]; }
  for (var j = 0u; j < BLOCK; j += 1u) {
    let w = weights[j * WEIGHT_STRIDE + group];
    let value = other[j * STRIDE + d];
    part[0] += w.x * value;
    if (ROWS_PER_LANE > 1u) { part[1] += w.y * value; }
    if (ROWS_PER_LANE > 2u) {
      part[2] += w.z * value;
      part[3] += w.w * value;
    }
  }
  for (var r = 0u; r < ROWS_PER_LANE; r += 1u) { (*sums)[t * ROWS_PER_LANE + r] = part[r]; }
}

// sums += weights . other, for the chunk of the head dimension in workgroup memory, whose sums are the first of `sums`; they
// become the last, so that they are the first again when all chunks had their turn.
fn add_weighted(sums: ptr<function, Sums>, group: u32, my_column: u32) {
  add_weighted_vec(sums, 0u, group, my_column);
  if (VECS_PER_LANE > 1u) { add_weighted_vec(sums, 1u, group, my_column); }
  if (VECS_PER_LANE > 2u) { add_weighted_vec(sums, 2u, group, my_column); }
  if (VECS_PER_LANE > 3u) { add_weighted_vec(sums, 3u, group, my_column); }
  if (CHUNKS == 1u) { return; }
  var turned: Sums;
  for (var i = 0u; i < CHUNK_SUMS; i += 1u) { turned[(CHUNKS - 1u) * CHUNK_SUMS + i] = (*sums)[i]; }
  for (var i = CHUNK_SUMS; i < CHUNKS * CHUNK_SUMS; i += 1u) { turned[i - CHUNK_SUMS] = (*sums)[i]; }
  *sums = turned;
}
