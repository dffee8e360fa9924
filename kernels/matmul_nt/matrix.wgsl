// matmul_nt by _lib/matrix_tiles.wgsl. Joined with interface.wgsl, bias and added like matmul_nt.wgsl, and with a branch of its
// own.
fn reduced() -> u32 { return p.in_features; }
fn columns() -> u32 { return p.out_features; }

/** Of 128 slots, two for each of 64 rows of W. */
fn weight_row(slot: u32, o: u32, k: u32) -> u32 { return min(o + slot / 2u, p.out_features - 1u); }
fn weight_column(slot: u32, o: u32, k: u32) -> u32 { return k + slot % 2u * 16u; }
fn weight_place(slot: u32) -> u32 { return slot / 2u * ROW_PITCH + slot % 2u * 16u; }
