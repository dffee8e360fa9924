/** Element counts of the kernel's test: each load width, and either side of a workgroup. */
export const counts = [1, 63, 66, 260, 5 * 77] as const;
