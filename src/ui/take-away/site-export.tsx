import { model } from '../state/engine.ts';
import { t } from '../messages/language.ts';
import { Problem } from '../parts/problem.tsx';
import { modelTitle } from '../words.ts';
import { Code } from './code.tsx';
import { canBeOnSite, makeSite, site, SITE_SNIPPET } from './site.ts';

/** The chat for visitors of the person's own site. */
export function SiteExport() {
  const texts = t().takeAway.site;
  if (model.value.kind !== 'ready') return null;
  const { source, facts } = model.value;
  const state = site.value;
  return (
    <details class="settings">
      <summary>{texts.title}</summary>
      <div class="stack">
        <p>{texts.text}</p>
        {!canBeOnSite(source) ? (
          <p class="notice">{texts.ownModel}</p>
        ) : (
          <>
            <p class="quiet">
              {source.kind === 'embedded' ? texts.builtIn : texts.fetched(modelTitle(facts.name))} {texts.holds}
            </p>
            <div class="actions">
              <button type="button" disabled={state.kind === 'working'} onClick={() => void makeSite()}>
                {texts.make}
              </button>
              {state.kind === 'working' && <p class="quiet">{t().takeAway.reading}</p>}
              {state.kind === 'done' && <p role="status">{texts.done(state.name, state.bytes)}</p>}
            </div>
            {state.kind === 'failed' && <Problem failure={state.failure} lost={t().takeAway.stillStored} />}
            <Code title={texts.snippet} text={SITE_SNIPPET} />
          </>
        )}
      </div>
    </details>
  );
}
