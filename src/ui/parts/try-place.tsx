import { model } from '../state/engine.ts';
import { isTraining } from '../state/training.ts';
import {
  adapter,
  baseAnswer,
  compare,
  expected,
  hasOtherQuestions,
  isAnswering,
  nextQuestion,
  question,
  stopAnswering,
  tunedAnswer,
} from '../state/trial.ts';
import { AnswerPane } from './answer-pane.tsx';
import { Breakable } from './breakable.tsx';
import { ScoreCard } from './score-card.tsx';
import { Section } from './section.tsx';

export function TryPlace() {
  const isReady = model.value.kind === 'ready' && !isTraining.value;
  const ask = (event: Event): void => {
    event.preventDefault();
    void compare();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) ask(event);
  };
  return (
    <Section
      id="try"
      title="Try"
      intro="One question, two answers: the model as it was, and the model that saw your examples."
    >
      <form onSubmit={ask}>
        <label for="question">Question</label>
        <textarea
          id="question"
          rows={2}
          value={question.value}
          placeholder="Ask something like your examples"
          onKeyDown={onKeyDown}
          onInput={({ currentTarget }) => (question.value = currentTarget.value)}
        />
        {expected.value !== undefined && (
          <p class="expected">
            <span class="quiet">Wanted answer</span> <Breakable text={expected.value} />
          </p>
        )}
        <div class="actions">
          {isAnswering.value ? (
            <button type="button" onClick={stopAnswering}>
              Stop
            </button>
          ) : (
            <button
              type="submit"
              class={adapter.value === undefined ? '' : 'primary'}
              disabled={!isReady || question.value.trim() === ''}
            >
              {adapter.value === undefined ? 'Ask the base model' : 'Ask both'}
            </button>
          )}
          {hasOtherQuestions.value && (
            <button type="button" onClick={nextQuestion}>
              Another question
            </button>
          )}
          {isTraining.value && <p class="quiet">Answers wait until training is done.</p>}
        </div>
      </form>
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
          subtitle={adapter.value === undefined ? 'tuned model' : `tuned on ${adapter.value.title}`}
          answer={tunedAnswer.value}
          expected={expected.value}
          empty={
            adapter.value === undefined
              ? 'Train first: then the tuned model answers here.'
              : 'Ask, and the tuned model answers here.'
          }
        />
      </div>
      <ScoreCard />
    </Section>
  );
}
