import { t } from '../messages/language.ts';
import { beginAnew, eraseEverything, erasure } from '../state/erase.ts';

/** All that this document shows once everything is erased, or is being. */
export function Erased() {
  const texts = t().erased;
  const state = erasure.value;
  if (state.kind === 'none') return null;
  return (
    <main id="content" tabIndex={-1}>
      <div class="lead" role="status">
        <h1>{texts.titles[state.kind]}</h1>
        {state.kind === 'erased' && <p>{texts.verified}</p>}
        {state.kind === 'elsewhere' && <p>{texts.elsewhere}</p>}
        {state.kind === 'left' && <p>{texts.left(state.parts.map((part) => texts.parts[part]))}</p>}
        {state.kind !== 'erasing' && (
          <div class="actions">
            {state.kind === 'left' && (
              <button type="button" class="primary" onClick={() => void eraseEverything()}>
                {texts.tryAgain}
              </button>
            )}
            <button type="button" class={state.kind === 'left' ? '' : 'primary'} onClick={beginAnew}>
              {texts.beginAnew}
            </button>
          </div>
        )}
      </div>
    </main>
  );
}
