import { expect, it } from 'vitest';
import { toFailure } from '../errors.ts';
import { GENERATE_SETTINGS } from '../generate/settings.ts';
import { flagOf } from '../settings/settings.ts';
import { answerSettingsOf, mergeFlags } from './flags.ts';
import { ANSWER, flagNameOf } from './options.ts';
import { inTerminal } from './output.ts';

const known = new Set(ANSWER.map(flagNameOf));

it('offers every setting of an answer once, with its default', () => {
  const keys = Object.keys(GENERATE_SETTINGS).filter((key) => key !== 'seed');
  expect(ANSWER.map(flagNameOf)).toEqual(['system', ...keys.map((key) => flagOf(key))]);
  expect(ANSWER).toContainEqual(['--max-new-tokens <n>', 'tokens to write at most (default: 128)']);
});

it('reads flags of answering, typed or from a file, and leaves absent ones absent', () => {
  const flags = mergeFlags({ maxNewTokens: '7', topP: '0.9', stop: 'a b,\n', strength: 0.5 }, known);
  expect(answerSettingsOf(flags)).toEqual({ maxNewTokens: 7, topP: 0.9, stop: ['a b', '\n'], strength: 0.5 });
  expect(answerSettingsOf(mergeFlags({}, known))).toEqual({});
});

it('names the flag whose value is out of its range', () => {
  let failure;
  try {
    answerSettingsOf(mergeFlags({ topP: '2' }, known));
  } catch (thrown) {
    failure = toFailure(thrown);
  }
  expect(inTerminal(failure?.phrase ?? '')).toBe(
    '--top-p: got 2, wanted a number over 0, up to 1 (1: off); set --top-p to a number over 0, up to 1 (1: off)',
  );
});
