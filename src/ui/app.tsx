import { RecordedDemo } from './demo/recorded-demo.tsx';
import { tour } from './state/tour.ts';
import { Erased } from './parts/erased.tsx';
import { ExamplesPlace } from './examples/examples-place.tsx';
import { Footer, LanguageSwitch } from './parts/footer.tsx';
import { ModelPlace } from './model/model-place.tsx';
import { ModelStatus } from './model/model-status.tsx';
import { TakeAwayPlace } from './take-away/take-away-place.tsx';
import { TrainPlace } from './train/train-place.tsx';
import { TryPlace } from './try/try-place.tsx';
import { TourBar, Tours } from './parts/tour.tsx';
import { DamagedRecords } from './parts/damaged-records.tsx';
import { UpdateBanner } from './parts/update-banner.tsx';
import { model } from './state/engine.ts';
import { erasure } from './state/erase.ts';
import { t } from './messages/language.ts';
import { address, hrefOf, PLACES, type Place } from './state/place.ts';
import { UseView } from './use/use-view.tsx';
import { isTraining, run } from './train/training.ts';

const VIEWS: Readonly<Record<Place, () => preact.JSX.Element>> = {
  model: ModelPlace,
  examples: ExamplesPlace,
  train: TrainPlace,
  try: TryPlace,
  'take-away': TakeAwayPlace,
};

export function App() {
  const { place, isStart, use } = address.value;
  const View = VIEWS[place];
  const recording = tour.value?.recording;
  if (erasure.value.kind !== 'none') return <Erased />;
  return (
    <>
      <a class="skip" href="#content" onClick={skipToContent}>
        {t().app.skip}
      </a>
      <header class="top">
        <a class="mark" href="#/">
          WebLoRA
        </a>
        <nav aria-label={t().app.places}>
          <ol>
            {PLACES.map((name) => (
              <li key={name}>
                <a
                  href={hrefOf(name)}
                  {...(name === place && use === undefined && { 'aria-current': 'page' as const })}
                >
                  {t().places[name]}
                  {name === 'train' && <TrainMark />}
                </a>
              </li>
            ))}
          </ol>
        </nav>
        <LanguageSwitch />
      </header>
      <UpdateBanner />
      <DamagedRecords />
      <TourBar />
      <main id="content" tabIndex={-1}>
        {!isStart && <h1 class="visually-hidden">{t().app.title}</h1>}
        {isStart && (
          <div class="lead">
            <h1>{t().app.lead}</h1>
            <p>{t().app.promise}</p>
            <ModelStatus />
            <Tours />
          </div>
        )}
        {model.value.kind === 'failed' && !isStart && place !== 'model' && use === undefined && (
          <div class="lead">
            <ModelStatus />
          </div>
        )}
        {use !== undefined ? (
          <UseView key={use} out={use} />
        ) : recording !== undefined && place === 'try' ? (
          <RecordedDemo recording={recording} />
        ) : (
          <View />
        )}
      </main>
      <Footer />
    </>
  );
}

/** The address names a place, so that the skip link moves the focus without changing it. */
function skipToContent(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#content')?.focus();
}

/** How far a run is, seen from every place. */
function TrainMark() {
  const { step = 0, totalSteps = 0 } = run.value ?? {};
  if (!isTraining.value) return null;
  const done = totalSteps === 0 ? '…' : `${Math.floor((100 * step) / totalSteps)} %`;
  return <span class="mark-percent"> {done}</span>;
}
