import { syncedSignal } from './persisted.ts';

/** What the person, or the exam, says of a run; the run's own record is the engine's. */
export interface RunNote {
  /** Instead of the name it was given; '' is none. */
  readonly title?: string;
  readonly note?: string;
  readonly tags?: readonly string[];
  /** Of the questions it never saw. */
  readonly score?: { readonly right: number; readonly asked: number };
}

/** By the run's folder. */
export const runNotes = syncedSignal<Readonly<Record<string, RunNote>>>(
  'run-notes',
  {},
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((note) => typeof note === 'object' && note !== null),
);

export function noteRun(out: string, note: RunNote): void {
  runNotes.value = { ...runNotes.value, [out]: { ...runNotes.value[out], ...note } };
}

export function forgetNote(out: string): void {
  const { [out]: _gone, ...rest } = runNotes.value;
  runNotes.value = rest;
}
