import { expect, it } from 'vitest';
import type { RunSummary } from '../../../workers/engine/contract.ts';
import { ancestorsOf, versionTree, type Version } from './version-tree.ts';

const runOf = (out: string, parents: readonly string[], data = 'shop.csv'): RunSummary => ({
  ...{ out, finished: true, step: 9, totalSteps: 9, model: 'embedded' },
  origin: { adapterSha256: `of-${out}`, parents, baseSha256: 'f', data: { name: data, sha256: '0', rows: 40 } },
});
const asText = ({ summary, kind, children }: Version): string =>
  `${summary.out} ${kind}${children.length > 0 ? ` [${children.map(asText).join(', ')}]` : ''}`;

it('puts each version below the one that it began from, and loses none', () => {
  const damaged: RunSummary = { out: 'damaged', finished: false, step: 0, totalSteps: 0, model: '', damaged: 'cut' };
  const runs = [
    runOf('third', ['of-second'], 'comparisons.jsonl'),
    runOf('second', ['of-first'], 'correction.jsonl'),
    damaged,
    runOf('other', ['of-first']),
    runOf('first', []),
    runOf('orphan', ['of-deleted']),
  ];
  expect(versionTree(runs).map(asText)).toEqual([
    'damaged continued',
    'first continued [second corrected [third preferences], other continued]',
    'orphan continued',
  ]);
  expect(ancestorsOf('third', runs)).toEqual(['second', 'first']);
  expect(ancestorsOf('orphan', runs)).toEqual([]);
  expect(ancestorsOf(undefined, runs)).toEqual([]);
});

it('ends where two runs claim to come from each other', () => {
  const runs = [runOf('a', ['of-b']), runOf('b', ['of-a'])];
  expect(ancestorsOf('a', runs)).toEqual(['b']);
  // Neither is lost.
  expect(versionTree([...runs, runOf('c', ['of-b'])]).map(asText)).toEqual(['a continued [b continued [c continued]]']);
});
