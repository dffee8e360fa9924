// Writes the keys and values of new tokens into the cache: cache[slots[n], positions[n], :] = row n.
// k, v [N, K*D]; cache_k, cache_v [slots, maxPositions, K*D]. Rows of slot 0xffffffff are padding and write nothing,
// nor do rows whose position is past the slot's end. Joined with _lib/vector_*.wgsl. Reference: kv_write.ref.ts.
override WG: u32 = 64;
const NO_SLOT: u32 = 0xffffffffu;

struct Params { rows: u32, cols: u32, max_positions: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> k: array<Vec>;
@group(0) @binding(2) var<storage, read> v: array<Vec>;
@group(0) @binding(3) var<storage, read> slots: array<u32>;
@group(0) @binding(4) var<storage, read> positions: array<u32>;
@group(0) @binding(5) var<storage, read_write> cache_k: array<Vec>;
@group(0) @binding(6) var<storage, read_write> cache_v: array<Vec>;

@compute @workgroup_size(WG)
fn write(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let cols = p.cols / WIDTH;
  let index = (wg.y * grid.x + wg.x) * WG + lane;
  if (index >= p.rows * cols) { return; }
  let row = index / cols;
  let slot = slots[row];
  let position = positions[row];
  if (slot == NO_SLOT || position >= p.max_positions) { return; }
  let to = (slot * p.max_positions + position) * cols + index % cols;
  cache_k[to] = k[index];
  cache_v[to] = v[index];
}
