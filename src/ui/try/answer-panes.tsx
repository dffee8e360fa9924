import { t } from '../messages/language.ts';
import { adapter, baseAnswer, expected, tunedAnswer } from './trial.ts';
import { AnswerPane } from './answer-pane.tsx';

/** The model as it was, and as it is now, side by side. */
export function AnswerPanes() {
  const texts = t().try;
  const current = adapter.value;
  return (
    <div class="panes">
      <AnswerPane
        title={texts.before}
        subtitle={texts.baseModel}
        answer={baseAnswer.value}
        expected={expected.value}
        empty={texts.emptyBase}
      />
      <AnswerPane
        title={texts.after}
        subtitle={current === undefined ? texts.tunedModel : texts.tunedOn(current.title)}
        answer={tunedAnswer.value}
        expected={expected.value}
        empty={current === undefined ? texts.trainFirst : texts.emptyTuned}
      />
    </div>
  );
}
