/** Columns i to i + 15 of a weight's row, by a reader of sixteen columns; i is a multiple of 16. Past the end the last columns are read again. */
fn sixteen(row: u32, i: u32) -> mat4x4f { return unpack(fetch(row, min(i, p.in_features - 16u))); }
