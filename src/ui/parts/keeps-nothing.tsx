import { engineFacts } from '../state/engine.ts';

/** Private windows often refuse a page its storage, and WebKitGTK has none: the engine then keeps files in memory. */
export function KeepsNothing() {
  if (engineFacts.value?.keepsFiles !== false) return null;
  return (
    <p class="notice">
      This browser, or this private window, gives pages no storage of their own. Everything works, but nothing that is
      trained or downloaded here outlives this tab: take the adapter away before you close or reload it.
    </p>
  );
}
