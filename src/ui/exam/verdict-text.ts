import { t } from '../messages/language.ts';
import type { Verdict } from './verdict.ts';

/** A verdict as a headline in the language that is shown. */
export function verdictText(verdict: Verdict): string {
  const texts = t().result.verdicts;
  switch (verdict.kind) {
    case 'ready':
      return texts.ready(verdict.right, verdict.asked);
    case 'not-yet':
      return texts.notYet[verdict.of](verdict.right, verdict.asked);
    case 'by-heart':
      return texts.byHeart;
    case 'too-few':
      return texts.tooFew;
    case 'out-of-time':
      return texts.outOfTime;
  }
}
