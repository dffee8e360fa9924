import { SAMPLES } from '../examples/samples.ts';
import { t } from '../messages/language.ts';
import { model } from '../state/engine.ts';
import { endTour, hasTours, nextTour, startTour, tour } from '../state/tour.ts';
import { verdictText } from '../exam/verdict-text.ts';
import { isTraining, secondsLeft } from '../train/training.ts';

/** Three demos of a minute, on the start. */
export function Tours() {
  // Shown from the start, so that nothing moves when the model is ready.
  const isLoading = model.value.kind === 'loading';
  if (!(hasTours.value || isLoading) || tour.value !== undefined) return null;
  return (
    <div class="tours" role="group" aria-label={t().tour.demos}>
      <p class="quiet">{t().tour.offer}</p>
      {SAMPLES.map((key) => (
        <button key={key} type="button" disabled={isTraining.value || isLoading} onClick={() => void startTour(key)}>
          {t().samples[key].title}
        </button>
      ))}
    </div>
  );
}

/** A demo that takes longer than this says so. */
const SLOW_SECONDS = 60;

/** Where a demo is and what to look at; the way out is one press, from every place. */
export function TourBar() {
  const view = tour.value;
  const left = secondsLeft.value ?? 0;
  if (view === undefined) return null;
  return (
    <div class="banner" role="region" aria-label={t().tour.demo}>
      <p role="status">
        <strong>{t().tour.name(t().samples[view.key].title)}</strong> {t().tour[view.stage]}{' '}
        {view.stage === 'training' && left > SLOW_SECONDS && t().tour.slow(left)}{' '}
        {view.verdict !== undefined && verdictText(view.verdict)}
      </p>
      <div class="actions">
        {(view.stage === 'compared' || view.stage === 'recorded') && (
          <button type="button" onClick={() => void startTour(nextTour.value)}>
            {t().tour.next}
          </button>
        )}
        <button type="button" onClick={() => void endTour()}>
          {t().tour.startOver}
        </button>
      </div>
    </div>
  );
}
