import { chooseFile, chooseSample, chosenSource, examples } from '../state/examples.ts';
import { SAMPLES } from '../state/samples.ts';
import { isTraining } from '../state/training.ts';
import { FileDrop } from './file-drop.tsx';
import { Problem } from './problem.tsx';
import { RowPreview } from './row-preview.tsx';
import { Section } from './section.tsx';

export function ExamplesPlace() {
  const state = examples.value;
  const isLocked = isTraining.value;
  return (
    <Section
      id="examples"
      title="Examples"
      intro="What should the model learn? Pick a ready set, or bring your own questions and answers."
    >
      <fieldset class="choices" disabled={isLocked}>
        <legend class="visually-hidden">Example set</legend>
        {SAMPLES.map(({ key, title, teaches }) => (
          <label key={key} class="choice">
            <input
              type="radio"
              name="examples"
              value={key}
              checked={chosenSource.value === key}
              onChange={() => void chooseSample(key)}
            />
            <span class="choice-title">{title}</span>
            <span class="choice-text">{teaches}</span>
          </label>
        ))}
      </fieldset>
      <FileDrop isDisabled={isLocked} onFile={(file) => void chooseFile(file)} />
      {state.kind === 'loading' && <p class="quiet">Reading {state.title}…</p>}
      {state.kind === 'failed' && (
        <Problem failure={state.failure} lost="Nothing was lost, and your file was not changed." />
      )}
      {state.kind === 'ready' && <RowPreview set={state.set} />}
    </Section>
  );
}
