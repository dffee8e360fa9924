import { useSignal } from '@preact/signals';
import { t } from '../messages/language.ts';

/** Puts a text on the clipboard; a page without https may not, and says so. */
export function CopyButton({
  text,
  label,
  children,
}: {
  readonly text: string;
  readonly label?: string;
  readonly children?: string;
}) {
  const copied = useSignal<string | undefined>(undefined);
  const isRefused = useSignal(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      copied.value = text;
    } catch {
      isRefused.value = true;
    }
  };
  return (
    <>
      <button type="button" {...(label !== undefined && { 'aria-label': label })} onClick={() => void copy()}>
        {copied.value === text ? t().copy.copied : (children ?? t().copy.copy)}
      </button>
      {isRefused.value && (
        <p class="quiet" role="status">
          {t().copy.refused}
        </p>
      )}
    </>
  );
}
