/**
 * Workgroup size of a kernel whose invocations share nothing: a software adapter's vector of four. All row counts use one
 * size, because every further size would be another program to compile.
 */
export const SERIAL_WORKGROUP = 4;

/** Columns up to which four invocations that share loads compute 16 of them at once rather than 64. */
export const NARROW = 32;
