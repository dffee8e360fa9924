/** I -> O with the operations before and after. Outputs end inside a workgroup's eight, or four; I is not a multiple of 512. */
export const cases = [
  { inFeatures: 16, outFeatures: 1, format: 'f32', bias: false, input: 'row', output: 'plain' },
  { inFeatures: 544, outFeatures: 21, format: 'q4', bias: true, input: 'row', output: 'plain' },
  { inFeatures: 576, outFeatures: 13, format: 'q4', bias: false, input: 'norm', output: 'plain' },
  { inFeatures: 48, outFeatures: 9, format: 'f16', bias: true, input: 'norm', output: 'add' },
  { inFeatures: 1040, outFeatures: 16, format: 'q8', bias: false, input: 'row', output: 'add' },
  // Outputs of more than two workgroups, so that a folded grid has a second row.
  { inFeatures: 64, outFeatures: 29, format: 'q4', bias: false, input: 'norm', output: 'add' },
  { inFeatures: 96, outFeatures: 7, format: 'q4', bias: true, input: 'norm', output: 'silu' },
  { inFeatures: 528, outFeatures: 5, format: 'bf16', bias: false, input: 'norm', output: 'gelu_tanh' },
  { inFeatures: 64, outFeatures: 1, format: 'f32', bias: true, input: 'row', output: 'silu' },
  { inFeatures: 288, outFeatures: 11, format: 'q6_k', bias: false, input: 'norm', output: 'plain' },
  { inFeatures: 80, outFeatures: 10, format: 'nf4', bias: true, input: 'norm', output: 'add' },
  // Parts in use: one, some, all of the eight; more heads than lanes of half a workgroup.
  { inFeatures: 32, outFeatures: 3, format: 'f32', bias: false, input: 'parts', heads: 2, used: 1, output: 'add' },
  { inFeatures: 576, outFeatures: 12, format: 'q4', bias: true, input: 'parts', heads: 9, used: 5, output: 'add' },
  { inFeatures: 1024, outFeatures: 4, format: 'q8', bias: false, input: 'parts', heads: 64, used: 8, output: 'plain' },
] as const;
