import { effect } from '@preact/signals';
import { isTraining, run } from './training.ts';

const TITLE = 'WebLoRA';

/** Shows progress in the tab's title, and has the browser ask before a run is closed by accident. */
export function watchLeaving(): void {
  const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
  effect(() => {
    const { step = 0, totalSteps = 0 } = run.value ?? {};
    const percent = totalSteps === 0 ? 0 : Math.floor((100 * step) / totalSteps);
    document.title = isTraining.value
      ? `${percent} % · ${TITLE}`
      : run.value?.phase === 'finished'
        ? `Done · ${TITLE}`
        : TITLE;
  });
  effect(() => {
    if (isTraining.value) addEventListener('beforeunload', ask);
    else removeEventListener('beforeunload', ask);
  });
}
