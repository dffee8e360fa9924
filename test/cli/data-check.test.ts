import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { weblora, ROOT } from './weblora.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-check-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama', 'model');
const SHOP = join(ROOT, 'test', 'browser', 'shop-questions.csv');

describe('weblora data check', () => {
  it('prints the facts that a report on these rows has', async () => {
    const heldOut = join(folder, 'heldout.jsonl');
    const rows = [
      { question: 'Do you repair shoes?', answer: 'No, shoes we cannot repair.' },
      { question: 'How long is a lace?', answer: 'As long as you like.' },
    ];
    writeFileSync(heldOut, rows.map((row) => JSON.stringify(row)).join('\n'));
    const checked = await weblora(['data', 'check', SHOP, '--eval-data', heldOut, '--json']);
    expect(checked.status).toBe(0);
    const [record] = checked.records();
    const kinds = (record?.['findings'] as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds).toContain('leak');
    expect(kinds).toContain('contradiction');
    const out = join(folder, 'report.json');
    const report = await weblora([
      ...[
        'eval',
        '--model',
        TOY,
        '--base',
        'f32',
        '--data',
        heldOut,
        '--train-data',
        SHOP,
        '--report',
        out,
        '--report-seconds',
        '1',
      ],
    ]);
    expect(report.status).toBe(0);
    const written = JSON.parse(readFileSync(out, 'utf8')) as { readonly findings: unknown };
    expect(written.findings).toEqual(record?.['findings']);
  });

  it('compares the rows that training would hold out, and not two ways at once', async () => {
    const split = await weblora(['data', 'check', SHOP, '--eval-split', '0.1951', '--json']);
    const [record] = split.records();
    const leak = (record?.['findings'] as { kind: string; lines: number[]; evalLines?: number[] }[]).find(
      ({ kind }) => kind === 'leak',
    );
    expect(leak).toMatchObject({ lines: [6], evalLines: [16] });
    const both = await weblora(['data', 'check', SHOP, '--eval-split', '0.2', '--eval-data', SHOP]);
    expect(both.status).toBe(2);
    expect(both.error).toBe('error[usage]: --eval-data and --eval-split: got both, wanted one of them; leave one out');
  });
});

describe('weblora data canaries', () => {
  it('plants rows with secrets among the others, the same ones for a seed', async () => {
    const plant = async (seed: number): Promise<{ text: string; canaries: { secret: string; times: number }[] }> => {
      const out = join(folder, `planted-${seed}.jsonl`);
      const planted = await weblora(['data', 'canaries', SHOP, '--out', out, '--seed', String(seed), '--json']);
      expect(planted.status).toBe(0);
      const [record] = planted.records();
      expect(record?.['rows']).toBe(41);
      return {
        text: readFileSync(out, 'utf8'),
        canaries: record?.['canaries'] as { secret: string; times: number }[],
      };
    };
    const { text, canaries } = await plant(1);
    expect(canaries.map(({ times }) => times)).toEqual([1, 4, 16]);
    for (const { secret, times } of canaries) expect(text.split(secret)).toHaveLength(times + 1);
    expect(text.trimEnd().split('\n')).toHaveLength(41 + 21);
    expect((await plant(1)).text).toBe(text);
    expect((await plant(2)).canaries).not.toEqual(canaries);
  });
});
