import { effect, signal } from '@preact/signals';

export const PLACES = ['model', 'examples', 'train', 'try', 'take-away'] as const;
export type Place = (typeof PLACES)[number];

interface Address {
  readonly place: Place;
  readonly isStart: boolean;
  /** The run whose adapter is talked with: a chat with an address of its own, beside the places. */
  readonly use?: string;
}

const USE = '#/use/';

/**
 * The place an address names: `#/train`, before a `?`, or a chat: `#/use/RUN`. Every other address is the start, which
 * begins with the examples.
 */
function read(hash: string): Address {
  const [path = ''] = hash.split('?');
  if (path.startsWith(USE) && path !== USE) {
    const use = decoded(path.slice(USE.length));
    if (use !== undefined) return { place: 'try', isStart: false, use };
  }
  const place = PLACES.find((name) => path === `#/${name}`);
  return { place: place ?? 'examples', isStart: place === undefined };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

export const address = signal(read(location.hash));

/** What the page is showing, for the address bar: hash addresses work under any path of any static host. */
export const hrefOf = (place: Place): string => `#/${place}`;

/** The chat with a run's adapter. */
export const hrefOfUse = (out: string): string => `${USE}${encodeURIComponent(out)}`;

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
    const { place, use } = address.peek();
    address.value = next;
    if (next.place === place && next.use === use) return;
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
    document.documentElement.dataset['place'] = address.value.use === undefined ? address.value.place : 'use';
  });
}
