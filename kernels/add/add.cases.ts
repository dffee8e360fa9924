/** Element counts of the kernel's test: each load width, and either side of a workgroup. */
export const counts = [1, 63, 64, 130, 1000, 37 * 54] as const;
