export const OPTIMIZERS = ['adamw', 'sgd'] as const;
export type Optimizer = (typeof OPTIMIZERS)[number];

/** How AdamW keeps its moments: a float each, or a code of 8 bits each with a scale a block (kernels/adamw_8bit). */
export const OPTIMIZER_STATES = ['f32', '8bit'] as const;
export type OptimizerState = (typeof OPTIMIZER_STATES)[number];
