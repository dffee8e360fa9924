import { SAMPLES } from '../examples/samples.ts';
import { endTour, hasTours, nextTour, startTour, tour, type TourView } from '../state/tour.ts';
import { isTraining } from '../train/training.ts';

/** Three demos of a minute, on the start. */
export function Tours() {
  if (!hasTours.value || tour.value !== undefined) return null;
  return (
    <div class="tours" role="group" aria-label="Demos">
      <p class="quiet">See it done in a minute:</p>
      {SAMPLES.map(({ key, title }) => (
        <button key={key} type="button" disabled={isTraining.value} onClick={() => void startTour(key)}>
          {title}
        </button>
      ))}
    </div>
  );
}

const SAYS: Readonly<Record<TourView['stage'], string>> = {
  preparing: 'The graphics chip gets ready.',
  training: '1 of 2: the model practises on the examples. The lower the line, the closer its answers are to theirs.',
  comparing: '2 of 2: a question it has never seen, asked twice: the model as it was, and the model that practised.',
  compared: 'That is all: the same question, before and after. Ask another, or one of your own.',
  ended: 'This demo has ended.',
};

/** Where a demo is and what to look at; the way out is one press, from every place. */
export function TourBar() {
  const view = tour.value;
  if (view === undefined) return null;
  return (
    <div class="banner" role="region" aria-label="Demo">
      <p role="status">
        <strong>Demo: {view.title}.</strong> {SAYS[view.stage]}
      </p>
      <div class="actions">
        {view.stage === 'compared' && (
          <button type="button" onClick={() => void startTour(nextTour.value)}>
            Next demo
          </button>
        )}
        <button type="button" onClick={() => void endTour()}>
          Start over
        </button>
      </div>
    </div>
  );
}
