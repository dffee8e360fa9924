import { fail } from './errors.ts';

/**
 * Steps that one rendering may take, beside those for each character it is given: a node of the template that is run, an
 * item that is gone through, 64 characters that are looked at. A conversation of 200 messages takes some hundred thousand;
 * what takes more never ends, or is made so that nobody waits for its end.
 */
const MOST_STEPS = 2_000_000;
const STEPS_PER_CHARACTER = 4;
/** Characters that a text of a template may have. */
const MOST_CHARACTERS = 2 ** 25;

// Rendering is synchronous: there is one at a time, but for a template that renders inside another.
let left = Number.POSITIVE_INFINITY;

/**
 * Runs with a budget of its own.
 * @param given characters of what is rendered
 * @throws TemplateRuntimeError from within `run` where it is used up
 */
export function withBudget<T>(given: number, run: () => T): T {
  const before = left;
  left = MOST_STEPS + STEPS_PER_CHARACTER * given;
  try {
    return run();
  } finally {
    left = before;
  }
}

/** @throws TemplateRuntimeError when there are no more steps */
export function spend(steps = 1): void {
  left -= steps;
  if (!(left >= 0)) fail('stopped after millions of steps: it loops without end, or nearly so');
}

/** Looks at a text of this length. */
export function spendText(length: number): void {
  spend(length >> 6);
}

/** @throws TemplateRuntimeError for a text that would be too long, before it is made */
export function assertLength(length: number): void {
  if (!(length <= MOST_CHARACTERS)) fail(`stopped at a text of more than ${MOST_CHARACTERS} characters`);
  spendText(length);
}

/** `text` so many times. */
export function repeatText(text: string, times: number): string {
  assertLength(text.length * Math.max(0, times));
  return text.repeat(Math.max(0, times));
}

/** The texts one behind the other. */
export function joinText(texts: readonly string[], separator = ''): string {
  let length = 0;
  for (const text of texts) length += text.length + separator.length;
  assertLength(length);
  return texts.join(separator);
}
