import { Copyable } from '../parts/copyable.tsx';

export const asShell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Something to type elsewhere, one press from the clipboard. */
export function Code({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <details class="settings">
      <summary>{title}</summary>
      <div class="stack">
        <Copyable title={title} text={text} />
      </div>
    </details>
  );
}
