import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeModel } from '../../models/families/index.ts';
import type { Model } from '../../models/families/family.ts';
import { planGeneration } from '../../src/generate/inference-plan.ts';
import type { DeviceProfile, KernelChoice } from '../../src/gpu/device-profile.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { knownProfile } from '../../src/gpu/known-profiles.ts';
import { recordLaunch, type LaunchRecord } from '../../src/graph/launch-records.ts';
import type { PlannedLaunch } from '../../src/graph/plan.ts';
import { planTraining, plansOf } from '../../src/train/program.ts';
import { SHAPES } from '../../test/harness/real-shapes.ts';

/** A plan of the models that the audit follows. */
export interface AuditedPlan {
  readonly name: string;
  readonly launches: readonly LaunchRecord[];
  /** Positions in the cache, of decoding. */
  readonly past: number | undefined;
}

const EMBEDDED = join(import.meta.dirname, '..', '..', 'models', 'embedded', 'model', 'config.json');
const TOKENS = 512;
const PAST = 512;

const MODELS: Readonly<Record<string, () => Model>> = {
  'Qwen2.5-0.5B': () => makeModel(SHAPES['Qwen2.5-0.5B'].config),
  'SmolLM2-135M': () => makeModel(SHAPES['SmolLM2-135M'].config),
  embedded: () => makeModel(JSON.parse(readFileSync(EMBEDDED, 'utf8')) as Record<string, unknown>),
};

/** A micro-step and the update of 512 tokens, rank 16 on every linear layer over q4, and a token after 512 others. */
export function auditedPlans(kernels: KernelChoice = 'auto'): AuditedPlan[] {
  return plannedOf(knownProfile('nvidia', kernels)).map(({ planned, ...plan }) => ({
    ...plan,
    launches: planned.map(recordLaunch),
  }));
}

type Planned = Omit<AuditedPlan, 'launches'> & { readonly planned: readonly PlannedLaunch[] };

function plannedOf(device: DeviceProfile): Planned[] {
  return Object.entries(MODELS).flatMap(([name, make]) => {
    const model = make();
    const program = planTraining(
      model,
      {
        ...{ format: 'q4', context: TOKENS, rows: TOKENS, microSteps: 1, optimizer: 'adamw', weightDecay: 0.01 },
        lora: { kind: 'lora', rank: 16, scale: 2, dropout: 0, paths: model.linearPaths },
        isEstimate: true,
      },
      device,
    );
    const context = Math.min(PAST + 1, model.shape.maxPositions);
    const settings = { format: 'q4', tableRows: context, slots: 1, context } as const;
    const token = planGeneration(model, settings, device, undefined, [1]).plans.get(1);
    return [
      {
        name: `${name}, training, ${TOKENS} tokens`,
        planned: plansOf(program).flatMap(({ launches }) => launches),
        past: undefined,
      },
      {
        name: `${name}, a token after ${context - 1}`,
        planned: token?.launches ?? [],
        past: context - 1,
      },
    ];
  });
}

/** Every program of the audited plans, by kernel, entry point and overrides. */
export function auditedPrograms(kernels: KernelChoice = 'auto'): { readonly name: string; readonly launch: Launch }[] {
  const programs = new Map<string, Launch>();
  for (const { planned } of plannedOf(knownProfile('nvidia', kernels))) {
    for (const { launch } of planned)
      for (const each of [launch, ...Object.values(launch.tilings?.launches ?? {})]) {
        const { kernel, entry, overrides, operands } = each;
        const settings = Object.entries(overrides).map(([name, value]) => `${name}=${value}`);
        programs.set([`${kernel.name}/${entry}`, ...settings, operands.join(',')].join(' '), each);
      }
  }
  return [...programs].map(([name, launch]) => ({ name, launch }));
}
