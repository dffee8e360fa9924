import { effect } from '@preact/signals';
import type { LoadOptions } from '../../../workers/engine/contract.ts';
import { TRAIN_SETTINGS } from '../../train/settings.ts';
import { loadOptions, model, openModel } from '../state/engine.ts';
import { isDistant } from './model-server.ts';
import { typed } from '../train/settings.ts';
import { isTraining } from '../train/training.ts';

/** Time for the rest of a number that is being typed. */
const PAUSE_MS = 800;

/** How the model is to be opened, of what was typed or loaded; what makes no sense counts as not said. */
function wantedOptions(): Pick<LoadOptions, 'base' | 'context'> {
  const base = TRAIN_SETTINGS.base.type.read(typed.value['base']);
  const context = TRAIN_SETTINGS.context.type.read(typed.value['context']);
  return { ...(base !== undefined && { base }), ...(context !== undefined && { context }) };
}

/** Opens the model again whenever it is to be kept in another way; never under a run. */
export function watchLoadOptions(): void {
  loadOptions.value = wantedOptions();
  effect(() => {
    const wanted = wantedOptions();
    const state = model.value;
    if (isTraining.value || state.kind === 'loading' || isSame(wanted, loadOptions.peek())) return;
    const timer = setTimeout(() => {
      loadOptions.value = wanted;
      void openModel(state.source, isDistant(state.source));
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  });
}

type Wanted = ReturnType<typeof wantedOptions>;

const isSame = (a: Wanted, b: Wanted): boolean => a.base === b.base && a.context === b.context;
