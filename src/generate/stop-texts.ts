/** What a piece of text leads to: text that may be shown, and whether a stop text was completed. */
export interface Filtered {
  readonly text: string;
  readonly isStopped: boolean;
}

/** Passes text on as long as it cannot be the beginning of a stop text, so that no part of one is ever shown. */
export interface StopFilter {
  push(text: string): Filtered;
  /** What was held back for a stop text that never came. */
  end(): string;
}

/** The stop text that is complete first wins, however the text is cut into pieces; of several, the longest. */
export function makeStopFilter(stops: readonly string[]): StopFilter {
  let held = '';
  return {
    push(text) {
      const before = held.length;
      held += text;
      const found = firstToEnd(held, stops, before);
      if (found !== undefined) {
        const shown = held.slice(0, found);
        held = '';
        return { text: shown, isStopped: true };
      }
      const kept = held.length - longestStart(held, stops);
      const shown = held.slice(0, kept);
      held = held.slice(kept);
      return { text: shown, isStopped: false };
    },
    end() {
      const shown = held;
      held = '';
      return shown;
    },
  };
}

/** Where the stop text begins that ends first, looking at ends after `from`. */
function firstToEnd(text: string, stops: readonly string[], from: number): number | undefined {
  for (let end = from + 1; end <= text.length; end++) {
    const lengths = stops.filter((stop) => text.endsWith(stop, end)).map((stop) => stop.length);
    if (lengths.length > 0) return end - Math.max(...lengths);
  }
  return undefined;
}

/** Length of the longest end of `text` that some stop text begins with. */
function longestStart(text: string, stops: readonly string[]): number {
  const longest = Math.max(0, ...stops.map((stop) => stop.length - 1));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const tail = text.slice(text.length - length);
    if (stops.some((stop) => stop.startsWith(tail))) return length;
  }
  return 0;
}
