import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { ForwardNode } from '../graph/op.ts';
import { Tensor } from '../graph/tensor.ts';
import { benchTorch, type TorchDevice } from './node-torch.ts';
import type { About, BenchRow } from './row.ts';
import script from './torch_train.py?raw';
import { TrainingJob, type Dense } from './training-job.ts';

const STEPS = 4;

/** The same updates as WebLoRA's in PyTorch, in f32 and a process of its own: a native yardstick, not timed in turns. */
export async function benchTorchTrain(
  gpu: Gpu,
  opened: OpenModel,
  { format, tokens, device }: { readonly format: BaseFormat; readonly tokens: number; readonly device: TorchDevice },
  about: About,
): Promise<BenchRow> {
  const job = new TrainingJob(opened, format, tokens);
  // The first update warms up.
  const measured = await benchTorch({ ...job.row, ...about }, { script, device, warmUps: 1 }, async (folder) => {
    const file = join(folder, 'tensors.f32');
    const tensors = await writeTensors(file, job);
    const inputs = Object.fromEntries(Object.entries(job.inputs).map(([name, words]) => [name, [...words]]));
    const nodes = job.forward(gpu).map(describe);
    return {
      file,
      tensors,
      params: [...(await job.params()).keys()],
      inputs,
      nodes,
      hyper: job.hyper(1),
      steps: STEPS,
    };
  });
  const { medianMs } = measured;
  return { ...measured, ...(medianMs !== undefined && { tokensPerSec: (tokens / medianMs) * 1000 }) };
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
    for (const [name, dense] of await job.params()) await write(name, dense);
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
