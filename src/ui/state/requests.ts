import { computed, signal } from '@preact/signals';
import { engine } from './engine.ts';

export interface SeenRequest {
  readonly url: string;
  readonly bytes: number;
  /** Whether it went to the place this page came from. */
  readonly isOwn: boolean;
}

const seen = signal<ReadonlyMap<string, SeenRequest>>(new Map());

export const requests = computed(() => [...seen.value.values()]);
export const foreignRequests = computed(() => requests.value.filter(({ isOwn }) => !isOwn));

function add(entries: readonly { readonly url: string; readonly bytes: number }[]): void {
  const next = new Map(seen.value);
  for (const { url, bytes } of entries) {
    const { origin, protocol } = new URL(url, location.href);
    // A blob or data address is this page's own memory: no request leaves for it.
    if (protocol === 'blob:' || protocol === 'data:') continue;
    const known = next.get(url);
    next.set(url, { url, bytes: bytes + (known?.bytes ?? 0), isOwn: origin === location.origin });
  }
  seen.value = next;
}

/** Lists every request of this page as the browser itself records them. */
export function watchRequests(): void {
  const [page] = performance.getEntriesByType('navigation');
  if (page !== undefined) add([{ url: page.name, bytes: (page as PerformanceNavigationTiming).transferSize }]);
  new PerformanceObserver((list) =>
    add(
      list.getEntries().map((entry) => ({ url: entry.name, bytes: (entry as PerformanceResourceTiming).transferSize })),
    ),
  ).observe({ type: 'resource', buffered: true });
}

/** Adds what the engine's thread fetched, which the page's own list does not have. */
export async function refreshRequests(): Promise<void> {
  const listed = await engine.listRequests();
  if (!listed.ok) return;
  const own = seen.value;
  add(listed.value.filter(({ url }) => !own.has(url)));
}
