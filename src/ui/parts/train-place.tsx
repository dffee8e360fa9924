import { model } from '../state/engine.ts';
import { examples, leaveOutBadRows } from '../state/examples.ts';
import { settings } from '../state/settings.ts';
import { isTraining, run, train } from '../state/training.ts';
import { RunPanel } from './run-panel.tsx';
import { Section } from './section.tsx';
import { SettingsForm } from './settings-form.tsx';

/** Why Train cannot be pressed yet, or nothing. */
function obstacle(): string | undefined {
  if (model.value.kind === 'loading') return 'The model is still loading.';
  if (model.value.kind === 'failed') return 'The model could not be loaded: see above.';
  if (examples.value.kind === 'loading') return 'The examples are still being read.';
  if (examples.value.kind === 'failed') return 'These examples could not be read: pick others above.';
  const { rows, problems } = examples.value.set;
  if (rows.length === 0) return 'There are no usable examples: pick others above.';
  if (problems.length > 0 && !leaveOutBadRows.value)
    return 'Some rows cannot be used: repair the file, or leave them out above.';
  if ('problem' in settings.value) return 'One of the settings cannot be used: see Settings.';
  return undefined;
}

export function TrainPlace() {
  const reason = obstacle();
  const state = examples.value;
  const again = run.value !== undefined;
  return (
    <Section
      id="train"
      title="Train"
      intro="The model practises on the examples and is corrected, step by step. You can pause or stop whenever you like."
    >
      {!isTraining.value && (
        <div class="actions">
          <button
            type="button"
            class={again && run.value?.phase === 'finished' ? '' : 'primary'}
            disabled={reason !== undefined}
            aria-describedby="train-note"
            onClick={() => void train()}
          >
            {again ? 'Train again' : 'Train'}
          </button>
          <p id="train-note" class="quiet">
            {reason ?? `On ${state.kind === 'ready' ? state.set.title : 'these examples'}. Nothing leaves this device.`}
          </p>
        </div>
      )}
      {run.value !== undefined && <RunPanel view={run.value} />}
      <SettingsForm isDisabled={isTraining.value} />
    </Section>
  );
}
