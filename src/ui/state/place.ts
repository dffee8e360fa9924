import { effect, signal } from '@preact/signals';

export const PLACES = ['model', 'examples', 'train', 'try', 'take-away'] as const;
export type Place = (typeof PLACES)[number];

/** The place an address names: `#/train`, before a `?`. Every other address is the start, which begins with the examples. */
function read(hash: string): { readonly place: Place; readonly isStart: boolean } {
  const place = PLACES.find((name) => hash.split('?')[0] === `#/${name}`);
  return { place: place ?? 'examples', isStart: place === undefined };
}

export const address = signal(read(location.hash));

/** What the page is showing, for the address bar: hash addresses work under any path of any static host. */
export const hrefOf = (place: Place): string => `#/${place}`;

export function go(place: Place): void {
  location.hash = `/${place}`;
}

/** The start, with nothing but a first decision. */
export function goToStart(): void {
  location.hash = '/';
}

/** Follows the address, with Back and Forward; a new place starts at its top, with its heading focused. */
export function watchPlace(): void {
  addEventListener('hashchange', () => {
    const next = read(location.hash);
    const { place } = address.peek();
    address.value = next;
    if (next.place === place) return;
    // Drawn first: the heading is not there yet. Whoever is quicker with the Tab key keeps the focus.
    const { activeElement: before, body } = document;
    requestAnimationFrame(() => {
      scrollTo({ top: 0, behavior: 'instant' });
      const { activeElement: now } = document;
      if (now === null || now === body || now === before)
        document.querySelector<HTMLElement>('main h2')?.focus({ preventScroll: true });
    });
  });
  effect(() => {
    document.documentElement.dataset['place'] = address.value.place;
  });
}
