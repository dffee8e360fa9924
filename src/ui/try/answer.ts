import { toFailure, type Failure } from '../../errors.ts';
import type { GenerateReport, GenerateRequest } from '../../../workers/engine/contract.ts';
import { engine } from '../state/engine.ts';

export type Answer =
  | { readonly kind: 'none' }
  | { readonly kind: 'writing'; readonly text: string }
  | { readonly kind: 'done'; readonly text: string; readonly report: GenerateReport }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Asks the engine; `show` is told the answer as it grows, and last how it ended. */
export async function stream(
  request: GenerateRequest,
  signal: AbortSignal,
  show: (answer: Answer) => void,
): Promise<void> {
  let text = '';
  show({ kind: 'writing', text });
  try {
    const started = await engine.generate(request, signal);
    if (!started.ok) return show({ kind: 'failed', failure: started.error });
    for await (const event of started.value.events) {
      if (event.kind === 'text') show({ kind: 'writing', text: (text += event.text) });
      else if (event.kind === 'done') show({ kind: 'done', text: event.report.text, report: event.report });
      else show({ kind: 'failed', failure: event.error });
    }
  } catch (thrown) {
    show({ kind: 'failed', failure: toFailure(thrown) });
  }
}
