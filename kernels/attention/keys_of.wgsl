// First and one past the last key that a row sees; equal when it sees none.
fn keys_of(row: u32) -> vec2u {
  if (row >= p.rows) { return vec2u(0u); }
  let segment = bounds[row];
  if (row < segment.x || row >= segment.y) { return vec2u(0u); }
  let reach = select(0u, row + 1u - p.window, p.window > 0u && row + 1u > p.window);
  return vec2u(max(segment.x, reach), row + 1u);
}
