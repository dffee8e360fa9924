import { expect, it } from 'vitest';
import type { Prediction } from './evaluate.ts';
import { sideBySide } from './side-by-side.ts';

const answers = (rows: number, got: (i: number) => string): Prediction[] =>
  Array.from({ length: rows }, (_, i) => ({
    row: i + 1,
    prompt: `question ${i}?`,
    expected: `shelf ${i}`,
    got: got(i),
  }));
/** Right in the first rows. */
const right = (rows: number, count: number): Prediction[] =>
  answers(rows, (i) => (i < count ? `shelf ${i}` : 'no shelf'));

it('says which is better only where the interval and the number of rows allow it', () => {
  expect(sideBySide(right(40, 10), right(40, 30))).toMatchObject({
    ...{ metric: 'exactMatch', rows: 40, verdict: 'better' },
    ...{ first: { value: 0.25 }, second: { value: 0.75 }, difference: { value: 0.5 } },
  });
  expect(sideBySide(right(40, 30), right(40, 10))?.verdict).toBe('worse');
  expect(sideBySide(right(40, 20), right(40, 21))?.verdict).toBe('unclear');
  expect(sideBySide(right(20, 0), right(20, 20))).toMatchObject({ verdict: 'too-few', difference: { value: 1 } });
});

it('lists the answers that changed, those that went wrong first, and goes by words where none is right', () => {
  const before = answers(4, (i) => ['shelf 0', 'here', 'same', 'one'][i] ?? '');
  const after = answers(4, (i) => ['gone', 'shelf 1', ' same', 'two'][i] ?? '');
  const result = sideBySide(before, after);
  expect(result?.changed.map(({ prompt, change }) => [prompt, change])).toEqual([
    ['question 0?', 'lost'],
    ['question 1?', 'gained'],
    ['question 3?', 'other'],
  ]);
  const words = sideBySide(
    answers(30, () => 'nothing'),
    answers(30, () => 'the shelf'),
  );
  expect(words).toMatchObject({ metric: 'tokenF1', verdict: 'better', first: { value: 0 } });
  expect(words?.changed).toHaveLength(30);
  expect(sideBySide([], [])).toBeUndefined();
});
