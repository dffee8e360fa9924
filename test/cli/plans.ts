import { copyFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanReport } from '../../src/train/program.ts';
import type { RunRecord } from '../../src/train/run-record.ts';
import { ROOT, weblora } from './weblora.ts';

export const PLAN_BASES = ['q4', 'f32'] as const;
export const PLAN_LENGTHS = [64, 128, 320] as const;

type Environment = Readonly<Record<string, string>>;

/** Flags of a plan, and of a run of it. */
export const shape = (model: string, seqLen: number, ...more: readonly string[]): string[] => [
  ...['--model', model, '--seq-len', String(seqLen), '--accumulate', '2'],
  ...more,
];

/** What `weblora plan` says beside what a run of one update records, both as processes of their own. */
export class PlanAndRun {
  readonly #folder: string;
  readonly #onRun: (recordFile: string) => void;
  readonly #data: string;
  #runs = 0;

  /** @param folder a new one, for runs and toys; @param onRun told the run.json of each run */
  constructor(folder: string, onRun: (recordFile: string) => void = () => undefined) {
    this.#folder = folder;
    this.#onRun = onRun;
    // Short rows: what is planned for depends on the length they may have, and a run of them is over soon.
    this.#data = join(folder, 'data.jsonl');
    writeFileSync(this.#data, `${JSON.stringify({ input_ids: [1, 2, 3, 4], labels: [-100, 2, 3, 4] })}\n`);
  }

  async planned(flags: readonly string[], env: Environment = {}): Promise<PlanReport> {
    const ended = await weblora(['plan', ...flags, '--json', '--quiet'], { env });
    if (ended.status !== 0) throw new Error(ended.stderr);
    return ended.records()[0] as unknown as PlanReport;
  }

  /** What run.json says after one update. */
  async ran(flags: readonly string[], env: Environment = {}, data = this.#data): Promise<RunRecord> {
    const out = join(this.#folder, `run-${(this.#runs += 1)}`);
    const given = ['--data', data, '--steps', '1', '--out', out, '--quiet'];
    const ended = await weblora(['train', ...flags, ...given], { env });
    if (ended.status !== 0) throw new Error(ended.stderr);
    this.#onRun(join(out, 'run.json'));
    return JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as RunRecord;
  }

  /** The built-in model under the three checkpoint policies, each reached by a limit of one byte less than the one before needs. */
  async *underEachPolicy(base: string, seqLen: number): AsyncGenerator<{ plan: PlanReport; record: RunRecord }> {
    for (let limit = 2 ** 40, policies = 0; policies < 3; policies += 1) {
      const flags = shape('embedded', seqLen, '--base', base, '--memory-limit', String(limit));
      const plan = await this.planned(flags);
      yield { plan, record: await this.ran(flags) };
      limit = plan.totalBytes - 1;
    }
  }

  async ofToy(name: string): Promise<{ plan: PlanReport; record: RunRecord }> {
    const flags = shape(this.#familyFolder(name), 48, '--batch-size', '2', '--dropout', '0.1', '--rank', '3');
    return { plan: await this.planned(flags), record: await this.ran(flags) };
  }

  /** A toy's folder with the tokenizer that it shares with the others. */
  #familyFolder(name: string): string {
    const path = mkdtempSync(join(this.#folder, `${name}-`));
    const fixtures = join(ROOT, 'test', 'fixtures');
    for (const [from, wanted] of [
      [join(fixtures, 'families', name, 'model'), /./],
      [join(fixtures, 'toy-llama', 'model'), /^tokenizer/],
    ] as const)
      for (const file of readdirSync(from)) if (wanted.test(file)) copyFileSync(join(from, file), join(path, file));
    return path;
  }
}
