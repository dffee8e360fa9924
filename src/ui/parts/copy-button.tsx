import { useSignal } from '@preact/signals';

/** Puts a text on the clipboard; a page without https may not, and says so. */
export function CopyButton({
  text,
  label,
  children = 'Copy',
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
        {copied.value === text ? 'Copied' : children}
      </button>
      {isRefused.value && (
        <p class="quiet" role="status">
          The browser did not let the page copy it: select the text and copy it yourself.
        </p>
      )}
    </>
  );
}
