import { adapter } from '../state/trial.ts';
import { download, downloadFailure } from '../state/take-away.ts';
import { EarlierRuns } from './earlier-runs.tsx';
import { Problem } from './problem.tsx';
import { Section } from './section.tsx';

export function TakeAwayPlace() {
  const current = adapter.value;
  return (
    <Section
      id="take-away"
      title="Take away"
      intro="What the model learned is a small file, an adapter. It is yours, and other tools can read it."
    >
      {current === undefined ? (
        <p class="quiet">After training, the adapter can be downloaded here.</p>
      ) : (
        <>
          <div class="actions">
            <button type="button" onClick={() => void download()}>
              Download adapter
            </button>
            <p class="quiet">
              {current.out}.zip, tuned on {current.title}
            </p>
          </div>
          <p class="quiet">
            A folder in the format of Hugging Face PEFT: <code>adapter_config.json</code>,{' '}
            <code>adapter_model.safetensors</code> and a <code>README.md</code> that says how it was made.
          </p>
        </>
      )}
      {downloadFailure.value !== undefined && (
        <Problem
          failure={downloadFailure.value}
          lost="Nothing was lost: the adapter is still stored in this browser."
        />
      )}
      <EarlierRuns />
    </Section>
  );
}
