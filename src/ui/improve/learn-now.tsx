import { t } from '../messages/language.ts';
import { isTraining } from '../train/training.ts';
import { canImprove } from './comparing.ts';
import { checking, learnNow } from './improving.ts';

interface LearnNowProps {
  readonly question: string;
  readonly answer: string;
  readonly onBegun: () => void;
}

/** Teaches one correction at once, instead of with the next training. */
export function LearnNow({ question, answer, onBegun }: LearnNowProps) {
  if (!canImprove.value) return null;
  return (
    <button
      type="button"
      disabled={answer.trim() === '' || isTraining.value || checking.value !== undefined}
      onClick={() => {
        onBegun();
        void learnNow(question, answer);
      }}
    >
      {t().improve.learnNow}
    </button>
  );
}
