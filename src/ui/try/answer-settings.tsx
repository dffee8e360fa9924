import { GENERATE_SETTINGS } from '../../generate/settings.ts';
import { t } from '../messages/language.ts';
import { answerLength, temperature } from './trial.ts';

/** A slider of a setting, as the table has it. */
export const sliderOf = ({
  type: { bounds },
  page: { slider },
}: (typeof GENERATE_SETTINGS)['strength' | 'temperature']): { min: number; max: number; step: number } => ({
  min: bounds?.from ?? 0,
  max: slider.to,
  step: slider.step,
});

/** How long answers may be, and how freely they are worded. */
export function AnswerSettings() {
  const texts = t().try;
  return (
    <>
      <div class="field">
        <label for="answer-length">{texts.length}</label>
        <select
          id="answer-length"
          value={answerLength.value}
          onChange={({ currentTarget }) => (answerLength.value = Number(currentTarget.value))}
        >
          {GENERATE_SETTINGS.maxNewTokens.page.offers.map((tokens) => (
            <option key={tokens} value={tokens}>
              {texts.tokens(tokens)}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="temperature">{texts.temperature(temperature.value)}</label>
        <input
          id="temperature"
          type="range"
          {...sliderOf(GENERATE_SETTINGS.temperature)}
          value={temperature.value}
          aria-describedby="temperature-hint"
          onInput={({ currentTarget }) => (temperature.value = Number(currentTarget.value))}
        />
        <small id="temperature-hint">{texts.temperatureHint}</small>
      </div>
    </>
  );
}
