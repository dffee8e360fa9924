import { effect } from '@preact/signals';
import type { LoadOptions } from '../../../workers/engine/contract.ts';
import { loadOptions, model, openModel } from '../state/engine.ts';
import { isDistant } from './model-server.ts';
import { FIELDS, MODEL_FLAGS } from '../train/setting-fields.ts';
import { typed } from '../train/settings.ts';
import { isTraining } from '../train/training.ts';

/** Time for the rest of a number that is being typed. */
const PAUSE_MS = 800;

/** How the model is to be opened, of what was typed or loaded; what makes no sense counts as not said. */
function wantedOptions(): Pick<LoadOptions, 'base' | 'context'> {
  const { base = '', context = '' } = typed.value;
  const isFormat = FIELDS.find(({ flag }) => flag === 'base')?.options?.some(([value]) => value === base) === true;
  const positions = Number(context);
  return {
    ...(isFormat && base !== '' && { base: base as NonNullable<LoadOptions['base']> }),
    ...(Number.isInteger(positions) && positions > 0 && { context: positions }),
  };
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

const isSame = (a: object, b: object): boolean =>
  MODEL_FLAGS.every((flag) => Reflect.get(a, flag) === Reflect.get(b, flag));
