import { t } from '../messages/language.ts';
import { engineFacts } from '../state/engine.ts';

/** Private windows often refuse a page its storage, and WebKitGTK has none: the engine then keeps files in memory. */
export function KeepsNothing() {
  if (engineFacts.value?.keepsFiles !== false) return null;
  return <p class="notice">{t().storage.none}</p>;
}
