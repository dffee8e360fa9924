import { pageSentence } from '../messages/engine-sentences.ts';
import { language, t } from '../messages/language.ts';
import { asSentence } from '../words.ts';

/**
 * A sentence that the engine wrote, in the page's words where it has some for it. Else it is in English whatever the language of
 * the page: marked as such for screen readers and translators, and put behind a summary where the page says the same in its
 * own words.
 */
export function EngineText({ text }: { readonly text: string }) {
  const said = pageSentence(text, t());
  if (said !== undefined) return <>{said}</>;
  if (language.value === 'en') return <>{text}</>;
  return <span lang="en">{text}</span>;
}

/** A note of the engine, which begins small and ends without a stop. */
export function EngineNote({ text }: { readonly text: string }) {
  const said = pageSentence(text, t());
  return said === undefined ? <EngineText text={asSentence(text.replace(/#(\d+)/g, 'column $1'))} /> : <>{said}</>;
}

/** The same as something to look up. */
export function TechnicalDetail({ text }: { readonly text: string }) {
  return (
    <details class="technical">
      <summary>{t().problem.detail}</summary>
      <p lang="en">{text}</p>
    </details>
  );
}
