import { t } from '../messages/language.ts';
import { engineFacts } from '../state/engine.ts';
import { cannotPersist } from '../state/persisted.ts';

/** Private windows often refuse a page its storage, and WebKitGTK has none: the engine then keeps files in memory. */
export function KeepsNothing() {
  if (engineFacts.value?.keepsFiles === false) return <p class="notice">{t().storage.none}</p>;
  if (cannotPersist.value) return <p class="notice">{t().storage.noExamples}</p>;
  return null;
}
