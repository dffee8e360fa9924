/**
 * Workgroup size of a kernel whose invocations work alone: a software adapter's vector of four. One size for all row
 * counts, because every size would be another program to compile.
 */
export const SERIAL_WORKGROUP = 4;
