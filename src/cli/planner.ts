import { resolveBase } from '../../models/base/base-format.ts';
import { openModel } from '../../models/checkpoint/open-model.ts';
import { planFor } from '../engine/core.ts';
import { DEFAULT_LIMITS } from '../gpu/gpu.ts';
import { openNodeGpu } from '../gpu/node.ts';
import type { TrainConfig } from '../train/config.ts';
import type { ProgramReport } from '../train/program.ts';
import { baseOf, type Flags } from './flags.ts';
import { MODEL_WANTED, openModelSource } from './model-source.ts';
import type { Output } from './output.ts';

/** Plans without loading weights: the device is asked for its limits, nothing is allocated on it. */
export async function withPlanner<T>(
  flags: Flags,
  output: Output,
  body: (plan: (config: TrainConfig) => ProgramReport) => Promise<T>,
): Promise<T> {
  const folder = await openModelSource(flags.required('model', MODEL_WANTED), output, {
    offline: flags.flag('offline'),
    shapesOnly: true,
  });
  const opened = await openModel(folder);
  output.warnOf(opened.name, opened.notes);
  const context = flags.number('context');
  const format = resolveBase(opened, baseOf(flags));
  if (flags.oneOf('device', ['auto', 'webgpu', 'cpu'] as const) === 'cpu') {
    return body((config) =>
      planFor(opened, {
        format,
        config,
        limits: DEFAULT_LIMITS,
        variant: 'workgroup',
        ...(context !== undefined && { context }),
      }),
    );
  }
  const gpu = await openNodeGpu({ onNotice: (message) => output.note(message) });
  try {
    return await body((config) =>
      planFor(opened, {
        format,
        config,
        limits: gpu.limits,
        variant: gpu.variant,
        ...(context !== undefined && { context }),
      }),
    );
  } finally {
    gpu.destroy();
  }
}
