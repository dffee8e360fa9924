import { adamw } from '../../kernels/adamw/adamw.ts';
import { sgd } from '../../kernels/sgd/sgd.ts';
import { HYPER_FLOATS, SCALARS_WORDS } from '../../kernels/squared_norm/hyper.ts';
import { partialCount, squaredNormFinish, squaredNormPartial } from '../../kernels/squared_norm/squared_norm.ts';
import type { GpuLimits } from '../gpu/gpu.ts';
import type { Variant } from '../gpu/kernel.ts';
import type { ParamLayout } from '../graph/params.ts';
import { OFFSET_ALIGNMENT } from '../graph/place.ts';
import { planLaunches, type Home, type LaunchRequest, type Plan } from '../graph/plan.ts';

export type Optimizer = 'adamw' | 'sgd';

/** Optimizer state kept per parameter, by buffer name. */
export function momentNames(optimizer: Optimizer): readonly string[] {
  return optimizer === 'adamw' ? ['m', 'v'] : [];
}

/**
 * The dispatches of one optimizer update over the flat buffers `params`, `gradients` and moments: norm and gate, then
 * one update per parameter group, each split where it exceeds a binding.
 */
export function planUpdate(
  layout: ParamLayout,
  optimizer: Optimizer,
  limits: GpuLimits,
  variant: Variant,
): Omit<Plan, 'placement' | 'forwardEnd'> & { partials: number } {
  const requests: LaunchRequest[] = [];
  const pieces = split(0, layout.count, limits);
  const pieceCounts = pieces.map(({ count }) => partialCount(count));
  const partials = pieceCounts.reduce((sum, count) => sum + count, 0);
  const fixed: Readonly<Record<string, Home>> = {
    hyper: { buffer: 'hyper', offsetBytes: 0, bytes: HYPER_FLOATS * 4 },
    scalars: { buffer: 'scalars', offsetBytes: 0, bytes: SCALARS_WORDS * 4 },
    partials: { buffer: 'partials', offsetBytes: 0, bytes: partials * 4 },
  };
  let firstPartial = 0;
  pieces.forEach(({ offset, count }, index) => {
    requests.push({
      launch: squaredNormPartial({ count, firstPartial, variant }),
      homeOf: (name) => fixed[name] ?? flat('gradients', offset, count),
    });
    firstPartial += pieceCounts[index] ?? 0;
  });
  requests.push({ launch: squaredNormFinish({ partials, variant }), homeOf: (name) => fixed[name] });
  for (const group of layout.groups) {
    for (const { offset, count } of split(group.offset, group.count, limits)) {
      const { weightDecay, lrScale } = group;
      const launch =
        optimizer === 'adamw'
          ? adamw({ count, weightDecay, lrScale })
          : sgd({ count, weightDecay, lrScale, momentum: false });
      const buffers: Readonly<Record<string, string>> = { grad: 'gradients', param: 'params', m: 'm', v: 'v' };
      requests.push({
        launch,
        homeOf: (name) => {
          const buffer = buffers[name];
          return fixed[name] ?? (buffer === undefined ? undefined : flat(buffer, offset, count));
        },
      });
    }
  }
  return { ...planLaunches(requests, limits), partials };
}

function flat(buffer: string, offset: number, count: number): Home {
  return { buffer, offsetBytes: offset * 4, bytes: count * 4 };
}

/** Cuts [offset, offset + count) floats into pieces that fit a binding, at offsets a binding may have. */
function split(offset: number, count: number, limits: GpuLimits): { offset: number; count: number }[] {
  const most = Math.floor(limits.maxBindingBytes / OFFSET_ALIGNMENT) * (OFFSET_ALIGNMENT / 4);
  const pieces: { offset: number; count: number }[] = [];
  for (let done = 0; done < count; done += most)
    pieces.push({ offset: offset + done, count: Math.min(most, count - done) });
  return pieces;
}
