import type { RowCheck } from '../finding.ts';
import { answers } from './answers.ts';
import { contradictions } from './contradictions.ts';
import { duplicates } from './duplicates.ts';
import { leaks } from './leaks.ts';
import { oneAnswer } from './one-answer.ts';

/** Every check that compares rows, in the order in which they run. */
export const ROW_CHECKS: readonly RowCheck[] = [answers, duplicates, contradictions, leaks, oneAnswer];
