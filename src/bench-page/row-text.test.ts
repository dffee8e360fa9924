import { describe, expect, it } from 'vitest';
import type { BenchRow } from '../bench/row.ts';
import { fileName, jsonLines, memoryText, rateText, timeText } from './row-text.ts';

const ROW: BenchRow = {
  suite: 'train',
  case: 'embedded q4, rank 16, 64 tokens',
  impl: 'weblora',
  adapter: 'NVIDIA, (ampere)',
  adapterKind: 'gpu',
  runtime: 'Chromium 147',
  commit: 'abc1234',
  medianMs: 3.214,
  p20Ms: 3.1,
  p80Ms: 3.456,
  tokensPerSec: 19_912.6,
  gflops: 37.25,
  peakBytes: 12_400_000,
  status: 'ok',
};
const missed: BenchRow = {
  suite: 'train',
  case: ROW.case,
  impl: 'jax-js',
  adapter: '',
  adapterKind: 'gpu',
  runtime: ROW.runtime,
  commit: ROW.commit,
  status: 'not measured: jax-js finds no WebGPU adapter',
};

describe('a row on the page', () => {
  it('says the median with its spread, with more digits where it is short', () => {
    expect(timeText(ROW)).toBe('3.21 (3.10 to 3.46)');
    expect(timeText({ ...ROW, medianMs: 339.26, p20Ms: 328.6, p80Ms: 340 })).toBe('339.3 (328.6 to 340.0)');
  });

  it('says rates in three digits, and memory as the page does', () => {
    expect(rateText(ROW)).toBe('19913 tokens/s, 37.3 GFLOP/s');
    expect(rateText({ ...missed, gflops: 0.287 })).toBe('0.29 GFLOP/s');
    expect(memoryText(ROW)).toBe('12 MB');
  });

  it('leaves empty what was not measured', () => {
    expect([timeText(missed), rateText(missed), memoryText(missed)]).toEqual(['', '', '']);
  });
});

describe('the saved file', () => {
  it('is named after the adapter, whatever its name is made of', () => {
    expect(fileName([ROW])).toBe('weblora-bench-nvidia-ampere.jsonl');
    expect(fileName([missed])).toBe('weblora-bench-unknown.jsonl');
  });

  it('has one row a line and ends the last one', () => {
    const lines = jsonLines([ROW, missed]).split('\n');
    expect(lines.map((line) => (line === '' ? '' : (JSON.parse(line) as BenchRow)))).toEqual([ROW, missed, '']);
  });
});
