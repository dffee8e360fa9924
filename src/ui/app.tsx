import { ExamplesPlace } from './examples/examples-place.tsx';
import { Footer } from './parts/footer.tsx';
import { ModelPlace } from './model/model-place.tsx';
import { ModelStatus } from './model/model-status.tsx';
import { TakeAwayPlace } from './take-away/take-away-place.tsx';
import { TrainPlace } from './train/train-place.tsx';
import { TryPlace } from './try/try-place.tsx';
import { TourBar, Tours } from './parts/tour.tsx';
import { UpdateBanner } from './parts/update-banner.tsx';
import { model } from './state/engine.ts';
import { address, hrefOf, PLACE_TITLES, PLACES, type Place } from './state/place.ts';
import { isTraining, run } from './train/training.ts';

const VIEWS: Readonly<Record<Place, () => preact.JSX.Element>> = {
  model: ModelPlace,
  examples: ExamplesPlace,
  train: TrainPlace,
  try: TryPlace,
  'take-away': TakeAwayPlace,
};

export function App() {
  const { place, isStart } = address.value;
  const View = VIEWS[place];
  return (
    <>
      <a class="skip" href="#content" onClick={skipToContent}>
        Skip to the content
      </a>
      <header class="top">
        <a class="mark" href="#/">
          WebLoRA
        </a>
        <nav aria-label="Places">
          <ol>
            {PLACES.map((name) => (
              <li key={name}>
                <a href={hrefOf(name)} {...(name === place ? { 'aria-current': 'page' as const } : {})}>
                  {PLACE_TITLES[name]}
                  {name === 'train' && <TrainMark />}
                </a>
              </li>
            ))}
          </ol>
        </nav>
      </header>
      <UpdateBanner />
      <TourBar />
      <main id="content" tabIndex={-1}>
        {!isStart && <h1 class="visually-hidden">WebLoRA: teach a language model from your own examples</h1>}
        {isStart && (
          <div class="lead">
            <h1>Teach a language model from your own examples</h1>
            <p>It learns in this tab, on this device. Nothing you add, type or train is sent anywhere.</p>
            <ModelStatus />
            <Tours />
          </div>
        )}
        {model.value.kind === 'failed' && !isStart && place !== 'model' && (
          <div class="lead">
            <ModelStatus />
          </div>
        )}
        <View />
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
  return <span class="mark-percent"> {totalSteps === 0 ? '…' : `${Math.floor((100 * step) / totalSteps)} %`}</span>;
}
