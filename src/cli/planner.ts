import { resolveBase } from '../../models/base/base-format.ts';
import { openModel, type OpenModel } from '../../models/checkpoint/open-model.ts';
import { resolveContext } from '../engine/context.ts';
import { WebLoraError } from '../errors.ts';
import { planGeneration } from '../generate/inference-plan.ts';
import { DEFAULT_PROFILE, type DeviceProfile } from '../gpu/device-profile.ts';
import { knownProfile, PROFILE_NAMES } from '../gpu/known-profiles.ts';
import { openNodeGpu } from '../gpu/node.ts';
import { recordLaunch } from '../graph/launch-records.ts';
import type { PlannedLaunch } from '../graph/plan.ts';
import { programSettings, type BaseSettings } from '../train/program-settings.ts';
import { planTraining, type PlanReport } from '../train/program.ts';
import { resolveTrainConfig } from '../train/config.ts';
import { baseOf, deviceOf, kernelsOf, outputFile, trainConfigOf, type Flags } from './flags.ts';
import { MODEL_WANTED, openModelSource } from './model-source.ts';
import type { Output } from './output.ts';
import { writeFileWhole } from './write-whole.ts';

/**
 * Plans a run without loading weights: the device is asked for its limits, nothing is allocated on it. Writes the launches of
 * a micro-step, or of one token, where `--launches` says so.
 */
export async function planRun(flags: Flags, output: Output): Promise<PlanReport> {
  const config = resolveTrainConfig(trainConfigOf(flags));
  const decode = flags.number('decode');
  const out = outputFile(flags, 'launches');
  if (decode !== undefined && (out === undefined || !Number.isInteger(decode) || decode < 0)) {
    throw new WebLoraError('usage', '--decode', {
      got: out === undefined ? 'no --launches beside it' : decode,
      wanted: 'a whole number of tokens, and a file to write the launches to',
      fix: 'add --launches OUT.jsonl, or leave --decode out',
    });
  }
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
  const settings = programSettings(model, base, config);
  const { plans, report } = planTraining(model, settings, device);
  if (config.accumulate === undefined)
    output.note(
      `planned for --accumulate ${settings.microSteps}; a run on few rows takes fewer micro-steps an update unless --accumulate is given`,
    );
  if (out !== undefined) {
    const largest = plans.get(Math.max(...plans.keys()))?.launches ?? [];
    const launches = decode === undefined ? largest : decodingLaunches(opened, base, device, decode);
    writeFileWhole(out, launches.map((launch) => `${JSON.stringify(recordLaunch(launch))}\n`).join(''));
  }
  return report;
}

/** What the base alone dispatches for one token after `past` others. */
function decodingLaunches(
  { model }: OpenModel,
  { format, context: tableRows }: BaseSettings,
  device: DeviceProfile,
  past: number,
): readonly PlannedLaunch[] {
  if (past >= tableRows) {
    throw new WebLoraError('context', '--decode', {
      got: past,
      wanted: `less than ${tableRows}, the model's context here`,
      fix: 'lower --decode or raise --context',
    });
  }
  const settings = { format, tableRows, slots: 1, context: past + 1 };
  return planGeneration(model, settings, device, undefined, [1]).plans.get(1)?.launches ?? [];
}

/** The device to plan for: one that `--profile` names, or this one, which is asked for its limits and given back. */
async function profileOf(flags: Flags, output: Output): Promise<DeviceProfile> {
  const name = flags.oneOf('profile', PROFILE_NAMES);
  const choice = kernelsOf(flags);
  if (name !== undefined) return knownProfile(name, choice.kernels ?? 'auto');
  if (deviceOf(flags) === 'cpu') return DEFAULT_PROFILE;
  const gpu = await openNodeGpu({ ...choice, onNotice: (message) => output.note(message) });
  gpu.destroy();
  return gpu.profile;
}
