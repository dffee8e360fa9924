import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { toyByteLevelFiles } from '../../models/tokenizer/toy-tokenizer.ts';
import { countScored } from '../data/batch.ts';
import { readRows } from '../data/read-rows.ts';
import type { DataRow, Example } from '../data/rows.ts';
import { OBJECTIVE_NAMES, OBJECTIVES, objectiveOf, type ObjectiveName } from './index.ts';
import type { Objective, ObjectiveSettings, ScoredPass } from './objective.ts';

const SETTINGS: ObjectiveSettings = {
  beta: 0.3,
  labelSmoothing: 0.1,
  simpoGamma: 0.4,
  desirableWeight: 1.5,
  undesirableWeight: 0.7,
};

const example = (line: number, prompt: number, answer: number): Example => ({
  line,
  ids: new Uint32Array(prompt + answer).fill(5),
  labels: Int32Array.from({ length: prompt + answer }, (_, t) => (t < prompt ? -100 : 5)),
});

/** Rows whose answers differ in length. */
const ROWS: Readonly<Record<ObjectiveName, readonly object[]>> = {
  sft: [example(1, 2, 3), example(2, 1, 4)],
  dpo: pairs(),
  ipo: pairs(),
  orpo: pairs(),
  simpo: pairs(),
  kto: [
    { line: 1, label: true, answer: example(1, 2, 3) },
    { line: 2, label: false, answer: example(2, 1, 5) },
  ],
};

function pairs(): object[] {
  return [
    { line: 1, chosen: example(1, 2, 3), rejected: example(1, 2, 5) },
    { line: 2, chosen: example(2, 1, 6), rejected: example(2, 1, 2) },
  ];
}

/** A pass with losses of 0.2 to 1.4 nats a token. */
function passOf(name: ObjectiveName, objective: Objective): ScoredPass<never> {
  const rows = ROWS[name] as never[];
  const sequences = rows.map((row) => objective.sequencesOf(row));
  const tokens = sequences.flat().reduce((sum, one) => sum + countScored(one), 0);
  const nll = Float32Array.from({ length: tokens }, (_, i) => 0.8 + 0.6 * Math.sin(3 * i + 1));
  const reference = objective.needsReference
    ? sequences.map((all, row) => all.map((one, i) => countScored(one) * 0.8 + Math.cos(row + 2 * i)))
    : [];
  return { rows, reference, nll, shared: name === 'kto' ? 0.6 : 0 };
}

describe.each(OBJECTIVE_NAMES)('%s', (name) => {
  const objective = objectiveOf({ objective: name, ...SETTINGS });

  it('has the gradient that central differences of its loss give', () => {
    const pass = passOf(name, objective);
    const gradient = objective.gradient.of(pass);
    expect(gradient).toHaveLength(pass.nll.length);
    const lossAt = (i: number, by: number): number => {
      // In f64: the report takes any list of numbers.
      const nll = Float64Array.from(pass.nll, (loss, at) => (at === i ? loss + by : loss));
      return objective.report([{ ...pass, nll: nll as never }], 1).loss;
    };
    for (const [i, slope] of gradient.entries()) {
      expect(slope, `token ${i}`).toBeCloseTo((lossAt(i, 1e-4) - lossAt(i, -1e-4)) / 2e-4, 5);
      expect(Math.abs(slope)).toBeGreaterThan(1e-4);
    }
  });

  it('reads every setting that it says, and no other', () => {
    const lossWith = (settings: ObjectiveSettings): string => {
      const made = OBJECTIVES[name].make(settings);
      return [made.report([passOf(name, made)], 2).loss, made.labelSmoothing ?? 0].join();
    };
    for (const key of Object.keys(SETTINGS) as (keyof ObjectiveSettings)[]) {
      const moved = lossWith({ ...SETTINGS, [key]: SETTINGS[key] * 1.2 }) !== lossWith(SETTINGS);
      expect(moved, key).toBe(OBJECTIVES[name].reads.includes(key));
    }
  });
});

describe('the losses', () => {
  const lossOf = (name: ObjectiveName, sides: { chosen: number[]; rejected: number[] }, settings = SETTINGS) => {
    const objective = objectiveOf({ objective: name, ...settings, labelSmoothing: 0 });
    const row = { line: 1, chosen: example(1, 1, sides.chosen.length), rejected: example(1, 1, sides.rejected.length) };
    const nll = Float32Array.from([...sides.chosen, ...sides.rejected]);
    return objective.report([{ rows: [row], reference: objective.needsReference ? [[3, 4]] : [], nll, shared: 0 }], 1);
  };
  const sides = { chosen: [1, 1.5], rejected: [2, 1, 0.5, 1] };

  it('are those of the papers, worked out by hand', () => {
    // Log-probabilities -2.5 and -4.5, -3 and -4 before: h = 0.3 (0.5 + 0.5).
    const dpo = lossOf('dpo', sides);
    expect(dpo.loss).toBeCloseTo(Math.log(1 + Math.exp(-0.3)), 6);
    expect(dpo.metrics?.['rewards/chosen']).toBeCloseTo(0.15, 6);
    expect(dpo.metrics?.['rewards/margins']).toBeCloseTo(0.3, 6);
    expect(dpo.metrics).toMatchObject({ 'rewards/accuracies': 1, 'logps/chosen': -2.5, 'logps/rejected': -4.5 });
    // Means over 2 and 4 tokens: 0.25 + 0.125 - 1 / 0.6.
    expect(lossOf('ipo', sides).loss).toBeCloseTo((0.375 - 1 / 0.6) ** 2, 5);
    // Mean log-probabilities -1.25 and -1.125.
    expect(lossOf('simpo', sides).loss).toBeCloseTo(Math.log(1 + Math.exp(-(0.3 * -0.125 - 0.4))), 5);
    const odds = (l: number): number => Math.exp(l) / (1 - Math.exp(l));
    const ratio = odds(-1.25) / odds(-1.125);
    expect(lossOf('orpo', sides).loss).toBeCloseTo(1.25 - 0.3 * Math.log(ratio / (1 + ratio)), 5);
  });

  it('stay finite far from zero', () => {
    const far = { chosen: [900, 800], rejected: [0, 0] };
    for (const name of ['dpo', 'ipo', 'orpo', 'simpo'] as const) {
      for (const each of [far, { chosen: far.rejected, rejected: far.chosen }])
        expect(Number.isFinite(lossOf(name, each).loss), name).toBe(true);
    }
  });

  it('of judged answers hold each against the divergence that all share', () => {
    const objective = objectiveOf({ objective: 'kto', ...SETTINGS });
    const rows = ROWS.kto as never[];
    // Good: -3 against -4 before; bad: -5 against -4.
    const nll = Float32Array.from([1, 1, 1, 1, 1, 1, 1, 1]);
    const { loss, metrics } = objective.report([{ rows, reference: [[4], [4]], nll, shared: 0.5 }], 2);
    const sigma = (x: number): number => 1 / (1 + Math.exp(-x));
    expect(loss).toBeCloseTo((1.5 * (1 - sigma(0.3 * 0.5)) + 0.7 * (1 - sigma(0.3 * 1.5))) / 2, 6);
    expect(metrics).toMatchObject({ 'logps/chosen': -3, 'logps/rejected': -5, kl: 0.5 });
    expect(metrics?.['rewards/margins']).toBeCloseTo(0.6, 6);
    // The mean of what answers that are not theirs gained, and never below 0.
    expect(
      objective.sharedTerm?.of([
        { now: 1, reference: 3 },
        { now: 2, reference: 1 },
      ]),
    ).toBe(0.5);
    expect(objective.sharedTerm?.of([{ now: 3, reference: 1 }])).toBe(0);
    expect(objective.sharedTerm?.of([])).toBe(0);
  });
});

describe('rows', () => {
  const tokenizer = loadTokenizer(toyByteLevelFiles());
  const prepare = (objective: Objective, rows: readonly object[], seqLen = 100) => {
    const bytes = new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join('\n'));
    const read: DataRow[] = readRows(bytes, 'rows.jsonl').rows;
    const options = { file: 'rows.jsonl', seqLen, contextLength: 100, vocabSize: tokenizer.vocabSize } as const;
    return objective.prepare(read, tokenizer, { ...options, lossOn: 'completion' });
  };
  const scoredText = ({ ids, labels }: Example): string =>
    tokenizer.decode([...ids].filter((_, t) => labels[t] !== -100));

  it('of preferences score the answers alone, both behind the prompt', () => {
    const dpo = objectiveOf({ objective: 'dpo', ...SETTINGS });
    const { rows, problems } = prepare(dpo, [{ prompt: 'one?', chosen: 'yes', rejected: 'oh no' }]);
    expect(problems).toEqual([]);
    const [row] = rows;
    if (row === undefined) throw new Error('no row');
    const sequences = dpo.sequencesOf(row);
    expect(sequences.map(scoredText)).toEqual(['yes<|end|>', 'oh no<|end|>']);
    const beginnings = sequences.map((one) =>
      tokenizer.decode(
        [...one.ids].slice(
          0,
          one.labels.findIndex((label) => label !== -100),
        ),
      ),
    );
    expect(beginnings[0]).toBe(beginnings[1]);
    expect(beginnings[0]).toContain('one?');
  });

  it('are named where one of their answers is cut away', () => {
    const dpo = objectiveOf({ objective: 'dpo', ...SETTINGS });
    const long = { prompt: 'a question that is longer than the rows may be', chosen: 'y', rejected: 'n' };
    const { rows, problems } = prepare(dpo, [long, { prompt: 'q', chosen: 'y', rejected: 'n' }], 24);
    expect(rows).toHaveLength(1);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.reason).toMatch(/^chosen: no scored token in its first 24 tokens/);
  });

  it('of judged answers come with the answer of the row before, the first with that of the last', () => {
    const kto = objectiveOf({ objective: 'kto', ...SETTINGS });
    const { rows } = prepare(kto, [
      { prompt: 'one?', completion: 'first', label: true },
      { prompt: 'two?', completion: 'second', label: false },
      { prompt: 'three?', completion: 'third', label: true },
    ]);
    const mismatched = rows.map((row) => kto.sharedTerm?.sequenceOf(row));
    expect(mismatched.map((one) => (one === undefined ? '' : scoredText(one)))).toEqual([
      'third<|end|>',
      'first<|end|>',
      'second<|end|>',
    ]);
    expect(mismatched.map((one) => tokenizer.decode(one?.ids ?? [])).map((text) => /\w+\?/.exec(text)?.[0])).toEqual([
      'one?',
      'two?',
      'three?',
    ]);
    expect(rows.map(({ label }) => label)).toEqual([true, false, true]);
    const [alone] = prepare(kto, [{ prompt: 'one?', completion: 'first', label: true }]).rows;
    expect(alone && kto.sharedTerm?.sequenceOf(alone)).toBeUndefined();
  });
});
