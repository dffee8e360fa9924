// The output of attention, combined from the parts that kernels/split_attention writes: joined with row_product.wgsl. A head
// has its columns and then (largest score, sum of weights, parts in use, 0); the parts are stored one after the other, with all
// heads in each. A head's columns are a multiple of sixteen.
const PARTS = 8u;
const MOST_HEADS = 64u;

var<workgroup> part_weights: array<f32, PARTS * MOST_HEADS>;

fn state_of(part: u32, head: u32) -> vec4f { return x[(part * p.heads + head) * (p.head_vecs + 1u) + p.head_vecs]; }

fn parts_in_use() -> u32 { return u32(state_of(0u, 0u).z); }

fn prepare_input(lane: u32) {
  let count = parts_in_use();
  for (var head = lane; head < p.heads; head += 64u) {
    var largest = state_of(0u, head).x;
    for (var part = 1u; part < count; part++) { largest = max(largest, state_of(part, head).x); }
    var sum = 0.0;
    for (var part = 0u; part < count; part++) {
      let state = state_of(part, head);
      let weight = exp(state.x - largest);
      part_weights[part * MOST_HEADS + head] = weight;
      sum += weight * state.y;
    }
    let share = select(0.0, 1.0 / sum, sum > 0.0);
    for (var part = 0u; part < count; part++) { part_weights[part * MOST_HEADS + head] *= share; }
  }
  workgroupBarrier();
}

/** Sixteen values from a quad on. */
fn input_quads(quad: u32) -> mat4x4f {
  let head = quad / p.head_vecs;
  var sum = mat4x4f();
  for (var part = 0u; part < parts_in_use(); part++) {
    let at = (part * p.heads + head) * (p.head_vecs + 1u) + quad % p.head_vecs;
    sum += part_weights[part * MOST_HEADS + head] * mat4x4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
  }
  return sum;
}

fn keep_squares(lane: u32) {}
fn add_squares(lane: u32, half: u32) {}
fn factor() -> f32 { return 1.0; }
