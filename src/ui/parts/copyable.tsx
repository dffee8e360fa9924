import { t } from '../messages/language.ts';
import { CopyButton } from './copy-button.tsx';

/** A text to use elsewhere, one press from the clipboard. `title` is what the button says it copies. */
export function Copyable(props: { readonly title: string; readonly label?: string; readonly text: string }) {
  const { title, label = title, text } = props;
  return (
    <>
      <pre class="code" tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <div class="actions">
        <CopyButton text={text} label={t().copy.of(title)} />
      </div>
    </>
  );
}
