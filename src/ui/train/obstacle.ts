import { model } from '../state/engine.ts';
import { examples } from '../examples/examples.ts';
import { initAdapter, initAdapters } from './init-adapter.ts';
import { settings } from './settings.ts';

/** Why Train cannot be pressed yet, or nothing. */
export function obstacle(): string | undefined {
  if (model.value.kind === 'loading') return 'The model is still loading.';
  if (model.value.kind === 'failed') return 'The model could not be loaded: see Model.';
  if (examples.value.kind === 'loading') return 'The examples are still being read.';
  if (examples.value.kind === 'failed') return 'These examples could not be read: pick others.';
  if (examples.value.kind === 'columns') return 'Say first which column is what.';
  const { rowCount, problemCount } = examples.value.set.facts;
  if (rowCount === 0)
    return problemCount > 0 ? 'None of these rows can be used: pick others.' : 'There are no examples yet.';
  if (problemCount > 0) return 'Some rows cannot be used: repair the file, or leave them out.';
  const begin = initAdapter();
  if (begin !== '' && !initAdapters().some(({ out }) => out === begin))
    return 'The run to begin with is gone or of another model: see All settings, Begin with.';
  if ('problem' in settings.value) return 'One of the settings cannot be used: see Train, All settings.';
  return undefined;
}
