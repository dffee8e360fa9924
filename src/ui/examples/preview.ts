import { effect, signal } from '@preact/signals';
import type { DataMeasure, ModelId, RowPreview } from '../../../workers/engine/contract.ts';
import type { TrainConfig } from '../../train/config.ts';
import { engine, model } from '../state/engine.ts';
import { examples, numbersOf, rowFile } from './examples.ts';
import { address } from '../state/place.ts';
import { settings } from '../train/settings.ts';
import { isTraining } from '../train/training.ts';

/** Rows above which lengths are not measured in tokens beforehand: the run itself says what it cuts. */
const MAX_MEASURED = 20_000;
const PAUSE_MS = 250;

/** The row that is shown as the model will see it, by its place in the open set. */
export const previewIndex = signal(0);
/** That row in tokens. */
export const preview = signal<RowPreview | undefined>(undefined);
/** The open set's lengths in tokens, and the places of rows that are cut, as the table of rows counts them. */
export const measure = signal<(DataMeasure & { readonly cutNumbers: readonly number[] }) | undefined>(undefined);

async function showRow(model: ModelId, index: number, config: Partial<TrainConfig>): Promise<void> {
  const state = examples.peek();
  const row = await rowFile(index);
  if (!row.ok || examples.peek() !== state) return;
  const shown = await engine.previewRow(model, row.value, config);
  if (shown.ok && previewIndex.peek() === index && examples.peek() === state) preview.value = shown.value;
}

/** Keeps both up to date with examples, model and settings; never while a run has the engine. */
export function watchPreview(): void {
  effect(() => {
    const state = examples.value;
    const ready = model.value;
    const planned = settings.value;
    const index = previewIndex.value;
    const count = state.kind === 'ready' ? state.set.facts.rowCount : 0;
    preview.value = undefined;
    if (index >= count && index > 0) {
      previewIndex.value = 0;
      return;
    }
    if (count === 0 || ready.kind !== 'ready' || 'problem' in planned) return;
    if (isTraining.value || address.value.place !== 'examples') return;
    const timer = setTimeout(() => void showRow(ready.facts.id, index, planned.config), PAUSE_MS);
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
      void engine.measureData(ready.facts.id, training.data, planned.config).then(async (measured) => {
        const cutNumbers = measured.ok ? await numbersOf(measured.value.cutLines) : [];
        if (examples.peek() === state) measure.value = measured.ok ? { ...measured.value, cutNumbers } : undefined;
      });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  });
}
