import { t } from '../messages/language.ts';
import { setBar, wantedBar } from './bar.ts';
import { BAR_KINDS, type BarKind } from './wanted.ts';

/** What the run is held against afterwards: said before it begins, so that nobody fits it to the result. */
export function WantedBarForm() {
  const texts = t().report.wanted;
  const { kind, percent, noneInvented } = wantedBar();
  return (
    <fieldset class="wanted-bar">
      <legend>{texts.legend}</legend>
      <div class="wanted-bar-fields">
        <div class="field">
          <label for="bar-kind">{texts.label}</label>
          <select
            id="bar-kind"
            value={kind}
            aria-describedby="bar-hint"
            onChange={({ currentTarget }) => setBar({ kind: currentTarget.value as BarKind })}
          >
            {BAR_KINDS.map((one) => (
              <option key={one} value={one}>
                {texts.kinds[one]}
              </option>
            ))}
          </select>
        </div>
        {kind !== 'usual' && (
          <div class="field">
            <label for="bar-percent">{texts.percent}</label>
            <input
              id="bar-percent"
              type="number"
              min={1}
              max={100}
              step={1}
              value={percent}
              onChange={({ currentTarget }) =>
                setBar({ percent: Math.min(100, Math.max(1, Math.round(Number(currentTarget.value)) || 1)) })
              }
            />
          </div>
        )}
      </div>
      {kind !== 'usual' && (
        <label class="check">
          <input
            type="checkbox"
            checked={noneInvented}
            onChange={({ currentTarget }) => setBar({ noneInvented: currentTarget.checked })}
          />
          {texts.noneInvented}
        </label>
      )}
      <small id="bar-hint">{texts.hint}</small>
    </fieldset>
  );
}
