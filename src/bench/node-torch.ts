import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { notMeasured, summarise, type BenchRow } from './row.ts';
import preamble from './torch_device.py?raw';

/** Where PyTorch computes: `cuda` beside a GPU of ours, always in f32 without TF32. */
export type TorchDevice = 'cpu' | 'cuda';

/** What the scripts print. */
interface Answer {
  /** Milliseconds. */
  readonly times: readonly number[];
  readonly losses?: readonly number[];
  /** PyTorch's version, and what it ran on. */
  readonly adapter: string;
}

/**
 * Runs a script, after torch_device.py, in `python3`, or in what the environment variable PYTHON names, with torch and numpy.
 * @param row the row so far; its adapter is ours, on which the others of its case are
 * @param makeJob what the script reads; may write files of its own into the folder
 * @param warmUps times left out at the beginning
 */
export async function benchTorch(
  row: Omit<BenchRow, 'impl' | 'status'>,
  { script, device, warmUps }: { readonly script: string; readonly device: TorchDevice; readonly warmUps: number },
  makeJob: (folder: string) => Promise<object>,
): Promise<BenchRow> {
  const own = {
    ...row,
    impl: `pytorch-${device}`,
    adapter: device,
    adapterKind: device === 'cpu' ? 'cpu' : 'gpu',
    beside: row.adapter,
  } as BenchRow;
  const folder = await mkdtemp(join(tmpdir(), 'weblora-bench-'));
  try {
    const path = join(folder, 'job.json');
    await writeFile(path, JSON.stringify({ device, ...(await makeJob(folder)) }));
    const python = process.env['PYTHON'] ?? 'python3';
    const { stdout } = await promisify(execFile)(python, ['-c', `${preamble}\n${script}`, path], {
      maxBuffer: 2 ** 24,
    });
    const { times, losses, adapter } = JSON.parse(stdout) as Answer;
    return { ...own, adapter, ...summarise(times.slice(warmUps)), ...(losses && { losses }), status: 'ok' };
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    return { ...own, status: notMeasured(lines.at(-1)) }; // where Python says what it was
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
