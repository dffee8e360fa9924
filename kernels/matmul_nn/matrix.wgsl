// matmul_nn by _lib/matrix_tiles.wgsl. Joined with interface.wgsl and keep like matmul_nn.wgsl, and with a branch of its own.
fn reduced() -> u32 { return p.out_features; }
fn columns() -> u32 { return p.in_features; }

/** Halves of one step along the reduction in the tile: its 64 columns and eight more. */
const COLUMN_PITCH = 72u;

/** Of 128 slots, four for each of 32 rows of W. */
fn weight_row(slot: u32, i: u32, k: u32) -> u32 { return min(k + slot / 4u, p.out_features - 1u); }
fn weight_column(slot: u32, i: u32, k: u32) -> u32 { return i + slot % 4u * 16u; }
fn weight_place(slot: u32) -> u32 { return slot / 4u * COLUMN_PITCH + slot % 4u * 16u; }
