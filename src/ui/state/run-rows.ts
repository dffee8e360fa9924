import type { TrainConfig } from '../../train/config.ts';
import type { Dataset } from '../../../workers/engine/contract.ts';
import { loadPersisted, persist, removePersisted } from './persisted.ts';

/** The examples of a finished run, in this browser: what it learned is repeated beside a correction, and checked after it. */
export interface RunRows {
  readonly data: Dataset;
  /** Those that it never saw. */
  readonly heldOut?: Dataset;
}

interface Begun {
  readonly out: string;
  readonly config: Partial<TrainConfig>;
  readonly data: Dataset;
  readonly evalData?: Dataset;
  /** Questions for its exam; of a sample more than a run is checked with. */
  readonly exam?: Dataset;
}

const keyOf = (out: string): string => `rows:${out}`;

/** Keeps the examples of a run that learned answers; rows of other objectives cannot be repeated beside one. */
export async function keepRunRows({ out, config, data, evalData, exam }: Begun): Promise<void> {
  if ((config.objective ?? 'sft') !== 'sft') return;
  const heldOut = exam ?? evalData;
  await putRunRows(out, { data, ...(heldOut && { heldOut }) });
}

export const putRunRows = (out: string, rows: RunRows): Promise<void> => persist(keyOf(out), rows);

export async function runRows(out: string): Promise<RunRows | undefined> {
  return (await loadPersisted(keyOf(out))) as RunRows | undefined;
}

export const forgetRunRows = (out: string): Promise<void> => removePersisted(keyOf(out));
