import { adapter, baseAnswer, expected, tunedAnswer } from './trial.ts';
import { AnswerPane } from './answer-pane.tsx';

/** The model as it was, and as it is now, side by side. */
export function AnswerPanes() {
  const current = adapter.value;
  return (
    <div class="panes">
      <AnswerPane
        title="Before"
        subtitle="base model"
        answer={baseAnswer.value}
        expected={expected.value}
        empty="Ask, and the base model answers here."
      />
      <AnswerPane
        title="After"
        subtitle={current === undefined ? 'tuned model' : `tuned on ${current.title}`}
        answer={tunedAnswer.value}
        expected={expected.value}
        empty={
          current === undefined
            ? 'Train first: then the tuned model answers here.'
            : 'Ask, and the tuned model answers here.'
        }
      />
    </div>
  );
}
