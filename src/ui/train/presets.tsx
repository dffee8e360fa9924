import { examples } from '../examples/examples.ts';
import { PRESETS } from '../../data/run-size.ts';
import { preset, presetUpdates, typed } from './settings.ts';
import { t } from '../messages/language.ts';

/** Three lengths in plain words; every other setting is below for those who want it. */
export function Presets() {
  const texts = t().train.presets;
  const state = examples.value;
  const keepsBest = state.kind === 'ready' && state.set.training.heldOut !== undefined;
  const isOwnLength = typed.value['steps'] !== undefined || typed.value['epochs'] !== undefined;
  return (
    <fieldset class="choices" disabled={isOwnLength}>
      <legend class="visually-hidden">{texts.legend}</legend>
      {PRESETS.map((key) => {
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
            <span class="choice-title">{texts[key].title}</span>
            <span class="choice-text">
              {texts[key].text}
              {key === 'thorough' && keepsBest && texts.keepsBest}
              {updates !== undefined && !isOwnLength && <b class="choice-count">{texts.steps(updates)}</b>}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
