import { language, t } from '../messages/language.ts';

/**
 * A sentence that the engine wrote, in English whatever the language of the page: marked as such for screen readers and
 * translators, and put behind a summary where the page says the same in its own words.
 */
export function EngineText({ text }: { readonly text: string }) {
  if (language.value === 'en') return <>{text}</>;
  return <span lang="en">{text}</span>;
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
