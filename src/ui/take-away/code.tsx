import { t } from '../messages/language.ts';
import { CopyButton } from '../parts/copy-button.tsx';

export const asShell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Something to type elsewhere, one press from the clipboard. */
export function Code({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <details class="settings">
      <summary>{title}</summary>
      <div class="stack">
        <pre class="code" tabIndex={0} aria-label={title}>
          {text}
        </pre>
        <div class="actions">
          <CopyButton text={text} label={t().copy.of(title)} />
        </div>
      </div>
    </details>
  );
}
