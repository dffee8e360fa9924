/**
 * Uses one engine for hours, over its border, as a page would: runs, evaluations, answers with changing adapters, models
 * opened and closed, and a GPU that is lost again and again; beside it one without WebGPU. After each round it writes down
 * what the process holds.
 *
 * `npx tsx scripts/check/soak.ts SAMPLES.jsonl [MINUTES]` (120), and `npx tsx scripts/check/soak.ts --graph SAMPLES.jsonl OUT.svg`
 * draws the samples and prints what docs/checks.md says of them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import type { Sample } from './soak-rounds.ts';

/** What is drawn. */
const SERIES = [
  ['gpuBytes', 'bytes of live GPU buffers', 2 ** 20, 'MiB'],
  ['heapBytes', "JavaScript's heap after a collection", 2 ** 20, 'MiB'],
  ['arrayBufferBytes', 'array buffers', 2 ** 20, 'MiB'],
  ['residentBytes', 'resident memory of the process, the software GPU in it', 2 ** 20, 'MiB'],
  ['tfjsTensors', 'tensors of tfjs', 1, ''],
  ['ports', 'open ports', 1, ''],
  ['handles', 'open files', 1, ''],
] as const satisfies readonly (readonly [keyof Sample, string, number, string])[];

const [WIDTH, HEIGHT, LEFT, TOP, GAP] = [720, 90, 60, 60, 40];

/** Small charts one below the other, over the minutes. */
function graph(samples: readonly Sample[]): string {
  const last = samples.at(-1);
  if (last === undefined) throw new Error('no samples');
  const charts = SERIES.map(([key, title, unit, name], row) => {
    const top = TOP + row * (HEIGHT + GAP);
    const most = Math.max(1e-9, ...samples.map((sample) => sample[key] / unit));
    const step = Math.max(1, Math.floor(samples.length / 400));
    const points = samples
      .filter((_, i) => i % step === 0)
      .map((sample) => {
        const x = LEFT + (WIDTH * sample.minutes) / last.minutes;
        const y = top + HEIGHT * (1 - sample[key] / unit / (1.1 * most));
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      });
    const end = `${(last[key] / unit).toFixed(unit === 1 ? 0 : 2)} ${name}`.trim();
    return [
      `<text x="${LEFT}" y="${top - 6}">${title}: at the end ${end}</text>`,
      `<path d="M${LEFT},${top} V${top + HEIGHT} H${LEFT + WIDTH}" fill="none" stroke="#999"/>`,
      `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${(1.1 * most).toFixed(unit === 1 ? 0 : 1)}</text>`,
      `<text x="${LEFT - 6}" y="${top + HEIGHT}" text-anchor="end">0</text>`,
      `<polyline points="${points.join(' ')}" fill="none" stroke="#0b6b5c" stroke-width="1.5"/>`,
    ].join('\n');
  });
  const height = TOP + SERIES.length * (HEIGHT + GAP) + 10;
  const { minutes, rounds, steps, evaluations, generations, switches, losses } = last;
  const head =
    `${minutes.toFixed(0)} minutes, ${rounds} rounds: ${steps} steps, ${evaluations} evaluations, ${generations} answers, ` +
    `${switches} adapter switches, ${losses} GPU losses`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 20}" height="${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="${LEFT}" y="24" font-size="13">${head}</text>`,
    ...charts,
    `<text x="${LEFT + WIDTH}" y="${height - 14}" text-anchor="end">${minutes.toFixed(0)} min</text>`,
    '</svg>',
    '',
  ].join('\n');
}

/** Mean of a series over a tenth of the samples, at its beginning once everything was used and at its end. */
function summary(samples: readonly Sample[]): string {
  const tenth = Math.max(1, Math.floor(samples.length / 10));
  const mean = (part: readonly Sample[], key: keyof Sample): number =>
    part.reduce((sum, sample) => sum + sample[key], 0) / part.length;
  const lines = SERIES.map(([key, title, unit]) => {
    const [early, late] = [samples.slice(tenth, 2 * tenth), samples.slice(-tenth)].map(
      (part) => mean(part, key) / unit,
    );
    return `| ${title} | ${early?.toFixed(2) ?? ''} | ${late?.toFixed(2) ?? ''} |`;
  });
  return ['| what | second tenth | last tenth |', '| --- | --- | --- |', ...lines].join('\n');
}

const [first = '', second = '', third = ''] = process.argv.slice(2);
if (first === '--graph') {
  const samples = readFileSync(second, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Sample);
  writeFileSync(third, graph(samples));
  process.stdout.write(`${JSON.stringify(samples.at(-1))}\n${summary(samples)}\n`);
} else {
  register('./wgsl-as-text.mjs', import.meta.url);
  const { Soak } = await import('./soak-rounds.ts');
  const soak = new Soak();
  try {
    await soak.run(first, Number(second || '120'));
  } finally {
    await soak.dispose();
  }
}
