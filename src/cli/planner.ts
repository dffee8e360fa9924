import { resolveBase } from '../../models/base/base-format.ts';
import { openModel } from '../../models/checkpoint/open-model.ts';
import { resolveContext } from '../engine/context.ts';
import { DEFAULT_PROFILE, type DeviceProfile } from '../gpu/device-profile.ts';
import { openNodeGpu } from '../gpu/node.ts';
import type { TrainConfig } from '../train/config.ts';
import { programSettings } from '../train/program-settings.ts';
import { planTraining, type ProgramReport } from '../train/program.ts';
import { baseOf, kernelsOf, type Flags } from './flags.ts';
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
  const { model } = opened;
  const base = {
    format: resolveBase(opened, baseOf(flags)),
    context: resolveContext(model, flags.number('context')),
  };
  const device = await profileOf(flags, output);
  return body((config) => planTraining(model, programSettings(model, base, config), device).report);
}

/** The device to plan for: this one, which is asked for its limits and given back. */
async function profileOf(flags: Flags, output: Output): Promise<DeviceProfile> {
  if (flags.oneOf('device', ['auto', 'webgpu', 'cpu'] as const) === 'cpu') return DEFAULT_PROFILE;
  const gpu = await openNodeGpu({ ...kernelsOf(flags), onNotice: (message) => output.note(message) });
  gpu.destroy();
  return gpu.profile;
}
