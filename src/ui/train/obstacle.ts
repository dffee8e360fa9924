import { model } from '../state/engine.ts';
import { t } from '../messages/language.ts';
import { examples, titleOf, type ExamplesState } from '../examples/examples.ts';
import { initAdapter, initAdapters } from './init-adapter.ts';
import { settings } from './settings.ts';

/** Why Train cannot be pressed yet, or nothing. */
export function obstacle(): string | undefined {
  const says = t().train.obstacles;
  if (model.value.kind === 'loading') return says.modelLoading;
  if (model.value.kind === 'failed') return says.modelFailed;
  if (examples.value.kind === 'loading') return says.examplesLoading;
  if (examples.value.kind === 'failed' || examples.value.kind === 'wrong-file') return says.examplesFailed;
  if (examples.value.kind === 'columns') return says.columns;
  const { rowCount, problemCount } = examples.value.set.facts;
  if (rowCount === 0) return problemCount > 0 ? says.noneUsable : says.noExamples;
  if (problemCount > 0) return says.badRows;
  const begin = initAdapter();
  if (begin !== '' && !initAdapters().some(({ out }) => out === begin)) return says.beginGone;
  if ('problem' in settings.value) return says.setting;
  return undefined;
}

/** What stands beside Train where it can be pressed. */
export function trainNote(state: ExamplesState): string {
  return t().examples.trainNote(state.kind === 'ready' ? titleOf(state.set) : t().examples.theseExamples);
}
