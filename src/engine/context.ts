import type { Model } from '../../models/families/family.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';

/** Positions a model is loaded for unless asked otherwise. */
const DEFAULT_CONTEXT = 4096;

/** @throws `context` when more positions are asked for than the model was made for, `config` for what is no count */
export function resolveContext({ shape }: Model, wanted: number | undefined): number {
  const { maxPositions } = shape;
  const isCount = wanted === undefined || (Number.isInteger(wanted) && wanted >= 1);
  if (wanted !== undefined && (!isCount || wanted > maxPositions)) {
    throw new WebLoraError(isCount ? 'context' : 'config', setting('context'), {
      got: wanted,
      wanted: `a whole number from 1 to ${maxPositions}, what the model was made for`,
      fix: phrase`${isCount ? 'lower' : 'correct'} ${setting('context')}`,
    });
  }
  return wanted ?? Math.min(maxPositions, DEFAULT_CONTEXT);
}
