import { examples } from '../examples/examples.ts';
import { preset, presetUpdates, typed, type Preset } from './settings.ts';
import { plural } from '../words.ts';

const PRESETS: readonly { readonly key: Preset; readonly title: string; readonly text: string }[] = [
  { key: 'quick', title: 'Quick look', text: 'A first impression: is this worth more time?' },
  { key: 'balanced', title: 'Balanced', text: 'As long as it usually takes to learn. Right for most sets.' },
  { key: 'thorough', title: 'Thorough', text: 'Twice as long.' },
];

/** Three lengths in plain words; every other setting is below for those who want it. */
export function Presets() {
  const state = examples.value;
  const keepsBest = state.kind === 'ready' && state.set.training.heldOut !== undefined;
  const isOwnLength = typed.value['steps'] !== undefined || typed.value['epochs'] !== undefined;
  return (
    <fieldset class="choices" disabled={isOwnLength}>
      <legend class="visually-hidden">How thoroughly</legend>
      {PRESETS.map(({ key, title, text }) => {
        const updates = presetUpdates.value[key];
        return (
          <label key={key} class="choice">
            <input
              type="radio"
              name="preset"
              value={key}
              checked={preset.value === key}
              onChange={() => (preset.value = key)}
            />
            <span class="choice-title">{title}</span>
            <span class="choice-text">
              {text}
              {key === 'thorough' && keepsBest && ' Stops when it no longer gets better, and keeps the best.'}
              {updates !== undefined && !isOwnLength && <b class="choice-count">{plural(updates, 'step')}</b>}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
