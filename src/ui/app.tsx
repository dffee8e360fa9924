import { ExamplesPlace } from './parts/examples-place.tsx';
import { ModelStatus } from './parts/model-status.tsx';
import { TakeAwayPlace } from './parts/take-away-place.tsx';
import { TrainPlace } from './parts/train-place.tsx';
import { TryPlace } from './parts/try-place.tsx';

export function App() {
  return (
    <>
      <a class="skip" href="#examples">
        Skip to the examples
      </a>
      <header class="top">
        <p class="mark">WebLoRA</p>
        <nav aria-label="Places on this page">
          <a href="#examples">Examples</a>
          <a href="#train">Train</a>
          <a href="#try">Try</a>
          <a href="#take-away">Take away</a>
        </nav>
      </header>
      <main>
        <div class="lead">
          <h1>Teach a language model from your own examples</h1>
          <p>
            It learns in this tab, on this device’s own graphics chip. Nothing you add, type or train is sent anywhere.
          </p>
          <ModelStatus />
        </div>
        <ExamplesPlace />
        <TrainPlace />
        <TryPlace />
        <TakeAwayPlace />
      </main>
      <footer class="bottom">
        <p>
          WebLoRA is free software under the Apache licence 2.0. This page has no server behind it, no cookies and no
          tracking.
        </p>
      </footer>
    </>
  );
}
