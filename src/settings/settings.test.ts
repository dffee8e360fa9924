import { describe, expect, expectTypeOf, it } from 'vitest';
import { toFailure } from '../errors.ts';
import { wordPhrase } from '../phrase.ts';
import {
  defaultShown,
  defineSettings,
  flagNamed,
  nameAsFlag,
  readSettings,
  resolveSettings,
  writeSettings,
  type ConfigOf,
} from './settings.ts';
import {
  choice,
  integer,
  integers,
  names,
  number,
  numberPair,
  numbersByName,
  onOff,
  pairs,
  text,
  texts,
  toggle,
} from './value-types.ts';

const TABLE = defineSettings({
  model: { type: text('model'), config: false, help: 'a model' },
  size: { type: integer({ from: 1, to: 9 }), default: 2, help: 'how large' },
  twice: { type: number({ above: 0 }), defaultFrom: ({ size }) => 2 * Number(size), defaultText: '2 × size', help: '' },
  kind: { type: choice(['a', 'b']), default: 'a', help: '' },
  parts: { type: names('all', 'q,v'), default: 'all', help: '' },
  inOrder: { type: toggle(), default: true, help: '' },
  packing: { type: onOff(), default: false, help: '' },
  limitBytes: { type: integer({ from: 1 }), flag: 'limit', help: '' },
});

function failure(act: () => unknown): ReturnType<typeof toFailure> {
  try {
    act();
  } catch (thrown) {
    return toFailure(thrown);
  }
  throw new Error('it was accepted');
}

describe('a table of settings', () => {
  it('gives the types of its values', () => {
    expectTypeOf<ConfigOf<typeof TABLE>>().toEqualTypeOf<
      {
        readonly size: number;
        readonly twice: number;
        readonly kind: 'a' | 'b';
        readonly parts: 'all' | readonly string[];
        readonly inOrder: boolean;
        readonly packing: boolean;
      } & { readonly limitBytes?: number }
    >();
  });

  it('fills in what is not given, from other settings too', () => {
    const defaults = { size: 2, twice: 4, kind: 'a', parts: 'all', inOrder: true, packing: false };
    expect(resolveSettings(TABLE, {})).toEqual(defaults);
    expect(resolveSettings(TABLE, { size: 5, kind: undefined })).toEqual({ ...defaults, size: 5, twice: 10 });
    expect(resolveSettings(TABLE, { size: 5, twice: 3 })).toEqual({ ...defaults, size: 5, twice: 3 });
  });

  it('reads back what it writes under the names of the flags', () => {
    const config = resolveSettings(TABLE, { size: 3, parts: ['q', 'v'], inOrder: false, packing: true, limitBytes: 7 });
    const written = writeSettings(TABLE, config);
    expect(written).toEqual({
      ...{ size: 3, twice: 6, kind: 'a', parts: 'q,v', 'in-order': false, packing: 'on', limit: 7 },
    });
    const flags: Record<string, unknown> = JSON.parse(JSON.stringify(written)) as Record<string, unknown>;
    expect(readSettings(TABLE, (key) => flags[flagNamed(TABLE, key)])).toEqual(config);
  });

  it('refuses what a setting does not take, by its key, and the terminal says the flag', () => {
    const { code, message, phrase } = failure(() => resolveSettings(TABLE, { limitBytes: 0 }));
    expect([code, message]).toEqual([
      'config',
      'limitBytes: got 0, wanted a whole number from 1; set limitBytes to a whole number from 1',
    ]);
    expect(wordPhrase(phrase ?? '', nameAsFlag(TABLE))).toBe(
      '--limit: got 0, wanted a whole number from 1; set --limit to a whole number from 1',
    );
    expect(nameAsFlag(TABLE)({ setting: 'inOrder' })).toBe('--no-in-order');
    expect(failure(() => resolveSettings(TABLE, { kind: 'c' })).message).toMatch(/^kind: got 'c', wanted a or b; /);
    expect(failure(() => resolveSettings(TABLE, { colour: 1 })).message).toMatch(
      /^colour: got a setting that does not/,
    );
    expect(failure(() => resolveSettings(TABLE, { model: 'x' })).message).toMatch(
      /^model: got a setting that does not/,
    );
  });

  it('spells names as the terminal does', () => {
    const spelled = ['inOrder', 'in_order', 'in-order', 'limitBytes', 'limit', 'unknownName'];
    expect(spelled.map((name) => flagNamed(TABLE, name))).toEqual([
      ...['in-order', 'in-order', 'in-order', 'limit', 'limit', 'unknown-name'],
    ]);
  });

  it('shows defaults in words', () => {
    expect([TABLE.size, TABLE.twice, TABLE.packing, TABLE.inOrder, TABLE.limitBytes].map(defaultShown)).toEqual([
      ...['2', '2 × size', 'off', undefined, undefined],
    ]);
  });
});

describe('the types of values', () => {
  it.each([
    [
      number({ from: 0, below: 1 }),
      ['0', 0.5, ' 1e-3 '],
      ['1', '', 'NaN', Infinity, 'x', null, true],
      'a number from 0 to below 1',
    ],
    [number({ above: 0 }), [1e-9], [0, '-1'], 'a number over 0'],
    [number({ above: 0, to: 1, note: '1: off' }), [1, 0.1], [0, 1.1], 'a number over 0, up to 1 (1: off)'],
    [integer({ from: 1, to: 4 }), ['1', 4], [0, 5, 1.5, '1.5'], 'a whole number from 1 to 4'],
    [
      numberPair({ from: 0, below: 1 }, 'b1,b2'),
      ['0.9,0.99', [0, 0.5]],
      ['0.9', '0.9,1', '1,2,3', [0.1]],
      'two numbers from 0 to below 1',
    ],
    [choice(['f32', '8bit']), ['8bit'], ['8BIT', 8], 'f32 or 8bit'],
    [onOff(), ['on', 'off', true, 'false'], ['yes', 1], 'on or off'],
    [
      names('all-linear', 'q_proj'),
      ['all-linear', 'q_proj, v_proj', ['q_proj']],
      ['', [], 3],
      'all-linear or names such as q_proj',
    ],
    [texts(), ['a,b', ['\n']], ['a,,b', '', ['']], 'texts that are not empty'],
    [
      numbersByName({ from: 1, to: 64, isWhole: true }),
      ['q_proj=8', 'q_proj=8, v_proj=4', 'layers\\.\\d{1,2}\\.q=2,v=4', { q_proj: 8 }],
      ['', 'q_proj', '=8', 'q_proj=0', 'q_proj=1.5', 'q_proj=8,', {}, 8],
      'names, each with a whole number from 1 to 64: q_proj=8,v_proj=4',
    ],
    [
      integers(),
      ['0', 3, '0,8-11', [1, 2]],
      ['', 'x', '3-1', '-1', '1.5', []],
      'whole numbers and ranges such as 0,8-11',
    ],
    [pairs('NAME=COLUMN'), ['question=Frage, answer=A=B', { question: 'Frage' }], ['Frage', '=x', 'a='], 'NAME=COLUMN'],
  ] as const)('%# takes its values and nothing else', (type, takes, refuses, wanted) => {
    for (const given of takes) expect(type.read(given), JSON.stringify(given)).toBeDefined();
    for (const given of refuses) expect(type.read(given), JSON.stringify(given)).toBeUndefined();
    expect(type.wanted).toBe(wanted);
    for (const given of takes) {
      const value = type.read(given);
      expect(type.read((type.write as (value: unknown) => unknown)(value))).toEqual(value);
    }
  });

  it('reads values as they are meant', () => {
    expect(names('all', 'q').read('q_proj, v_proj')).toEqual(['q_proj', 'v_proj']);
    expect(pairs('').read('question=Meine Frage,answer=A=B')).toEqual({ question: 'Meine Frage', answer: 'A=B' });
    expect(integers().read('8-10, 2,9')).toEqual([2, 8, 9, 10]);
    expect(numbersByName({ above: 0 }).read('q{1,2}=0.5,(?=a,b)v=1e-3')).toEqual({ 'q{1,2}': 0.5, '(?=a,b)v': 0.001 });
    expect([onOff().read('off'), onOff().read(true)]).toEqual([false, true]);
  });
});
