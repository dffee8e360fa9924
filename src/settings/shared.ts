import { integer } from './value-types.ts';

/** Of training and of answering: one flag of every command. */
export const SEED = {
  type: integer({ from: 0, to: 0xffffffff }),
  default: 0,
  terminal: 'common',
  help: 'seed of everything random',
  page: { group: 'examples' },
} as const;
