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
  const isCopied = copied.value === text;
  return (
    <>
      {/* A name that lacks the words on the button could not be spoken. */}
      <button
        type="button"
        {...(label !== undefined && !isCopied && { 'aria-label': label })}
        onClick={() => void copy()}
      >
        {isCopied ? t().copy.copied : (children ?? t().copy.copy)}
      </button>
      {isRefused.value && (
        <p class="quiet" role="status">
          {t().copy.refused}
        </p>
      )}
    </>
  );
}
