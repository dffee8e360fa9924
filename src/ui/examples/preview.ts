import { effect, signal } from '@preact/signals';
import type { DataMeasure, TokenPiece } from '../../../workers/engine/contract.ts';
import { engine, model } from '../state/engine.ts';
import { examples } from './examples.ts';
import { address } from '../state/place.ts';
import { settings, typed } from '../train/settings.ts';
import { isTraining } from '../train/training.ts';

/** Rows above which lengths are not measured in tokens beforehand: the run itself says what it cuts. */
const MAX_MEASURED = 20_000;
const PAUSE_MS = 250;

/** The first example as the model will see it. */
export const preview = signal<readonly TokenPiece[] | undefined>(undefined);
/** The open set's lengths in tokens. */
export const measure = signal<DataMeasure | undefined>(undefined);

/** Keeps both up to date with examples, model and settings; never while a run has the engine. */
export function watchPreview(): void {
  effect(() => {
    const state = examples.value;
    const ready = model.value;
    const system = typed.value['system']?.trim();
    const lossOn = typed.value['loss-on'] === 'all' ? ('all' as const) : ('completion' as const);
    const row = state.kind === 'ready' ? state.set.facts.first[0] : undefined;
    preview.value = undefined;
    if (row === undefined || ready.kind !== 'ready' || isTraining.value || address.value.place !== 'examples') return;
    const messages = [
      ...(row.question === '' ? [] : [{ role: 'user' as const, content: row.question }]),
      { role: 'assistant' as const, content: row.answer },
    ];
    const timer = setTimeout(() => {
      void engine
        .previewTokens(ready.facts.id, { messages, lossOn, ...(system ? { system } : {}) })
        .then((pieces) => (preview.value = pieces.ok ? pieces.value : undefined));
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  });
  effect(() => {
    const state = examples.value;
    const ready = model.value;
    const planned = settings.value;
    if (isTraining.value) return;
    measure.value = undefined;
    if (state.kind !== 'ready' || ready.kind !== 'ready' || 'problem' in planned) return;
    const { facts, training } = state.set;
    if (facts.rowCount === 0 || facts.rowCount > MAX_MEASURED) return;
    const timer = setTimeout(() => {
      void engine.measureData(ready.facts.id, training.data, planned.config).then((measured) => {
        if (examples.peek() === state) measure.value = measured.ok ? measured.value : undefined;
      });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  });
}
