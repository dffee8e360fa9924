import type { Model } from '../../models/families/family.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';

/** Positions a model is loaded for unless asked otherwise. */
const DEFAULT_CONTEXT = 4096;

/** @throws `context` when more positions are asked for than the model was made for */
export function resolveContext({ shape }: Model, wanted: number | undefined): number {
  const { maxPositions } = shape;
  if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1 || wanted > maxPositions)) {
    throw new WebLoraError('context', setting('context'), {
      got: wanted,
      wanted: `a whole number from 1 to ${maxPositions}, what the model was made for`,
      fix: phrase`lower ${setting('context')}`,
    });
  }
  return wanted ?? Math.min(maxPositions, DEFAULT_CONTEXT);
}
