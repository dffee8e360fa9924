/**
 * Workgroup size of a kernel whose invocations work alone: a software adapter's vector of four. One size for all row
 * counts, because every size would be another program to compile.
 */
export const SERIAL_WORKGROUP = 4;

/** Columns up to which four invocations that share loads compute 16 of them at once rather than 64. */
export const NARROW = 32;
