import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { OpenModel } from '../../models/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { ForwardNode } from '../graph/nodes.ts';
import { Tensor } from '../graph/tensor.ts';
import { notMeasured, summarise, type About, type BenchRow } from './row.ts';
import script from './torch_train.py?raw';
import { TrainingJob, type Dense } from './training-job.ts';

const STEPS = 4;

interface Answer {
  readonly times: readonly number[];
  readonly losses: readonly number[];
  readonly version: string;
  readonly threads: number;
}

/**
 * The same update as benchTrain's in PyTorch, on this machine's CPU and in f32: a native yardstick. Runs `python3`, or what
 * the environment variable PYTHON names, with torch and numpy.
 */
export async function benchTorchTrain(
  gpu: Gpu,
  opened: OpenModel,
  { format, tokens }: { readonly format: BaseFormat; readonly tokens: number },
  about: About,
): Promise<BenchRow> {
  const job = new TrainingJob(opened, format, tokens);
  const row = { ...job.row, impl: 'pytorch-cpu', ...about, adapter: 'cpu', adapterKind: 'cpu' } as const;
  const folder = await mkdtemp(join(tmpdir(), 'weblora-bench-'));
  try {
    const file = join(folder, 'tensors.f32');
    const tensors = await writeTensors(file, job);
    const path = join(folder, 'job.json');
    const inputs = Object.fromEntries(Object.entries(job.inputs).map(([name, words]) => [name, [...words]]));
    const nodes = job.forward(gpu).map(describe);
    const params = [...job.params().keys()];
    await writeFile(path, JSON.stringify({ file, tensors, params, inputs, nodes, hyper: job.hyper(1), steps: STEPS }));
    const python = process.env['PYTHON'] ?? 'python3';
    const { stdout } = await promisify(execFile)(python, ['-c', script, path], { maxBuffer: 2 ** 24 });
    const { times, losses, version, threads } = JSON.parse(stdout) as Answer;
    const spread = summarise(times.slice(1)); // the first one warms up
    return {
      ...row,
      adapter: `PyTorch ${version}, ${threads} threads`,
      ...spread,
      tokensPerSec: (tokens / spread.medianMs) * 1000,
      losses,
      status: 'ok',
    };
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    return { ...row, status: notMeasured(lines.at(-1)) }; // where Python says what it was
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All values end to end, and where each tensor's begin. */
async function writeTensors(
  path: string,
  job: TrainingJob,
): Promise<{ name: string; shape: readonly number[]; offset: number }[]> {
  const tensors: { name: string; shape: readonly number[]; offset: number }[] = [];
  const file = await open(path, 'w');
  let offset = 0;
  const write = async (name: string, { shape, values }: Dense): Promise<void> => {
    await file.write(values);
    tensors.push({ name, shape, offset });
    offset += values.length;
  };
  try {
    for await (const [name, dense] of job.frozen()) await write(name, dense);
    for (const [name, dense] of job.params()) await write(name, dense);
  } finally {
    await file.close();
  }
  return tensors;
}

/** A node with its tensors by name; names of intermediates need not differ, so these go by number. */
function describe(node: ForwardNode): Record<string, unknown> {
  const nameOf = (tensor: Tensor): string => (tensor.role === 'activation' ? `#${tensor.id}` : tensor.name);
  return Object.fromEntries(
    Object.entries(node).map(([field, value]: [string, unknown]) => [
      field,
      value instanceof Tensor ? nameOf(value) : value,
    ]),
  );
}
