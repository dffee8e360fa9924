import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { DEFAULT_SUITES, SUITES, type Suite } from '../bench/row.ts';
import { GpuHelp } from '../ui/model/gpu-help.tsx';
import { Problem } from '../ui/parts/problem.tsx';
import { gpuCase } from '../ui/model/gpu-case.ts';
import { t } from '../ui/messages/language.ts';
import { failures, isMeasuring, measure, progress, stop } from './measurement.ts';

const ABOUT: Readonly<Record<Suite, string>> = {
  load: 'The weights’ way onto the GPU, and compilation',
  train: 'An update of the adapter; in the saved rows also each kernel’s share',
  decode: 'One token after another, eight at once, with an adapter and without',
  prefill: 'Reading a prompt',
  kernels: 'Matrix products at the shapes of training',
  job: 'A whole run of 100 updates; minutes without a GPU',
  scaling: 'Longer rows and more layers; minutes without a GPU',
};

/** What to measure, the way to begin and to stop, and what is measured now. */
export function ChoiceForm({ query }: { readonly query: URLSearchParams }) {
  const isEmpty = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  // Measure and Stop take turns: whoever pressed one by keyboard stands on the other.
  useEffect(() => {
    if (progress.peek() !== '' && document.activeElement === document.body)
      button.current?.focus({ preventScroll: true });
  }, [isMeasuring.value]);
  const asked = SUITES.filter((suite) => query.getAll('suite').includes(suite));
  const chosen: readonly Suite[] = asked.length === 0 ? DEFAULT_SUITES : asked;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => (form.get(name) as string).trim();
    const suites = SUITES.filter((suite) => form.getAll('suite').includes(suite));
    isEmpty.value = suites.length === 0;
    if (isEmpty.value) return;
    const kernel = text('kernel');
    void measure({
      suites,
      lengths: text('lengths').split(',').map(Number),
      peers: form.has('peers'),
      ...(kernel !== '' && { kernel }),
    });
  };
  return (
    <form class="bench-choice" onSubmit={submit}>
      <GpuNotice />
      <fieldset class="bench-choice" disabled={isMeasuring.value}>
        <legend class="visually-hidden">What to measure</legend>
        <div class="choices">
          {SUITES.map((suite) => (
            <label class="choice" key={suite}>
              <input type="checkbox" name="suite" value={suite} defaultChecked={chosen.includes(suite)} />
              <span class="choice-title">{suite}</span>
              <span class="choice-text">{ABOUT[suite]}</span>
            </label>
          ))}
        </div>
        <div class="fields">
          <div class="field">
            <label for="lengths">Tokens of a training step</label>
            <input
              id="lengths"
              name="lengths"
              required
              pattern="\s*[1-9]\d*(\s*,\s*[1-9]\d*)*\s*"
              title="Token counts with commas, e.g. 64,512"
              defaultValue={query.get('lengths') ?? '64,512'}
            />
          </div>
          <div class="field">
            <label for="kernel">
              Only this kernel <small>(optional, e.g. matmul_nt)</small>
            </label>
            <input id="kernel" name="kernel" autocomplete="off" defaultValue={query.get('kernel') ?? ''} />
          </div>
        </div>
        <label class="check">
          <input type="checkbox" name="peers" defaultChecked={query.has('peers')} />
          <span>
            Also other libraries on the same work: stock TensorFlow.js ops and jax-js. Takes several times as long.
          </span>
        </label>
      </fieldset>
      {isEmpty.value && <p role="alert">No suite is chosen: choose at least one.</p>}
      <div class="actions">
        {/* Keys, since one element that becomes the other within a click would submit the form. */}
        {isMeasuring.value ? (
          <button key="stop" ref={button} type="button" onClick={stop}>
            Stop
          </button>
        ) : (
          <button key="measure" ref={button} type="submit" class="primary" disabled={!canMeasure()}>
            Measure
          </button>
        )}
        <p role="status">{progress.value}</p>
      </div>
      {failures.value.map((failure) => (
        <Problem key={failure.message} failure={failure} lost="The rows that came before are still shown." />
      ))}
    </form>
  );
}

/** Once it is known that there is a GPU, be it an imitation. */
const canMeasure = (): boolean => gpuCase.value === 'ready' || gpuCase.value === 'software';

/** Why nothing can be measured here, or that it says little, and what helps. */
function GpuNotice() {
  const found = gpuCase.value;
  if (found === undefined || found === 'ready') return null;
  const { what, remedies } = t().device.cases[found];
  return (
    <div class={canMeasure() ? 'notice' : 'problem'} role={canMeasure() ? 'note' : 'alert'}>
      <p>
        {canMeasure()
          ? 'Without a graphics chip the rows say how well the kernels are built, not how fast a GPU would be.'
          : `${what}, so nothing can be measured. ${remedies[0] ?? ''}`}
      </p>
      <GpuHelp />
    </div>
  );
}
