import { computed, signal } from '@preact/signals';
import type { ModelId } from '../../../workers/engine/contract.ts';
import { engine, engineFacts } from '../state/engine.ts';
import { persistedSignal } from '../state/persisted.ts';
import { question, trySystem } from '../try/trial.ts';

/** What the model said at a step of the run that goes on. */
export interface ProgressAnswer {
  readonly step: number;
  readonly text: string;
}

const MAX_NEW_TOKENS = 48;

/** Asked the same question each time the run saves. */
export const progressAnswers = signal<readonly ProgressAnswer[]>([]);
const choice = persistedSignal<'auto' | 'on' | 'off'>('progress-answers', 'auto', (value) =>
  ['auto', 'on', 'off'].includes(String(value)),
);
/** On by default where an answer costs next to nothing. */
export const showsProgressAnswers = computed(() => {
  if (choice.value !== 'auto') return choice.value === 'on';
  return engineFacts.value?.executor === 'webgpu' && engineFacts.value.adapter?.isSoftware === false;
});

export function setProgressAnswers(isWanted: boolean): void {
  choice.value = isWanted ? 'on' : 'off';
}

let isAsking = false;

/** Has the state that was just saved answer; a failure costs this answer and nothing else. */
export async function askSavedState(
  model: ModelId,
  out: string,
  step: number,
  system = trySystem.peek(),
): Promise<void> {
  const asked = question.peek().trim();
  if (isAsking || !showsProgressAnswers.peek() || asked === '') return;
  isAsking = true;
  try {
    const opened = await engine.openRun(model, out);
    if (!opened.ok) return;
    const prompt = system === '' ? [] : [{ role: 'system' as const, content: system }];
    const messages = [...prompt, { role: 'user' as const, content: asked }];
    const request = { model, adapter: opened.value, input: { messages }, maxNewTokens: MAX_NEW_TOKENS, temperature: 0 };
    const answering = await engine.generate(request);
    if (!answering.ok) return;
    for await (const event of answering.value.events) {
      if (event.kind !== 'done') continue;
      const { text } = event.report;
      progressAnswers.value = [...progressAnswers.value.filter((answer) => answer.step !== step), { step, text }];
    }
    await engine.unloadAdapter(opened.value);
  } catch {
    // The engine died: the run itself says so.
  } finally {
    isAsking = false;
  }
}
