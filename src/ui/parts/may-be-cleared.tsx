import { t } from '../messages/language.ts';
import { engineFacts } from '../state/engine.ts';
import { askToPersist, isPersistent, isRefused } from '../state/storage-use.ts';

/** What private windows do, for whoever is in one: a page cannot tell. */
export function PrivateWindow() {
  if (engineFacts.value?.keepsFiles === false) return null;
  return <p class="quiet">{t().storage.privateWindow}</p>;
}

/** Beside what would be a loss: a browser that promised nothing may clear a site's storage when the disk is full. */
export function MayBeCleared() {
  const texts = t().storage;
  if (isPersistent.value !== false || engineFacts.value?.keepsFiles === false) return null;
  return (
    <div class="actions">
      <p class="quiet" {...(isRefused.value && { role: 'status' })}>
        {isRefused.value ? texts.notPromised : texts.mayBeCleared}
      </p>
      {!isRefused.value && (
        <button type="button" class="plain" onClick={() => void askToPersist()}>
          {texts.askToKeep}
        </button>
      )}
    </div>
  );
}
