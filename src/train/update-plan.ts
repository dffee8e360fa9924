import { adamw } from '../../kernels/adamw/adamw.ts';
import { adamw8bit, BLOCK } from '../../kernels/adamw_8bit/adamw_8bit.ts';
import { decayToStart } from '../../kernels/decay_to_start/decay_to_start.ts';
import { sgd } from '../../kernels/sgd/sgd.ts';
import { HYPER_FLOATS, SCALARS_WORDS } from '../../kernels/squared_norm/hyper.ts';
import { partialCount, squaredNormFinish, squaredNormPartial } from '../../kernels/squared_norm/squared_norm.ts';
import type { DeviceProfile, GpuLimits } from '../gpu/device-profile.ts';
import type { ParamLayout } from '../graph/params.ts';
import { alignBytes, OFFSET_ALIGNMENT } from '../graph/place.ts';
import type { BufferRange } from '../graph/operand.ts';
import { planLaunches, type LaunchRequest, type Plan } from '../graph/plan.ts';
import type { Optimizer, OptimizerState } from './optimizers.ts';

/** A buffer of optimizer state. */
export interface StateBuffer {
  readonly name: string;
  readonly bytes: number;
  /** `params`: a float for each parameter, in their layout; `codes`: bytes; `scales`: floats. */
  readonly holds: 'params' | 'codes' | 'scales';
}

/** A part of a parameter group that fits one binding. */
interface Piece {
  readonly weightDecay: number;
  readonly lrScale: number;
  /** In floats. */
  readonly offset: number;
  readonly count: number;
  /** In 8 bits: where the piece's codes and scales begin. */
  readonly codesOffset: number;
  readonly scalesOffset: number;
}

/** All groups in pieces, and the bytes that codes and scales take in 8 bits. */
function piecesOf(
  layout: ParamLayout,
  limits: GpuLimits,
): { readonly pieces: readonly Piece[]; readonly codesBytes: number; readonly scalesBytes: number } {
  const pieces: Piece[] = [];
  let codesBytes = 0;
  let scalesBytes = 0;
  for (const { offset, count, weightDecay, lrScale } of layout.groups) {
    for (const piece of split(offset, count, limits)) {
      pieces.push({ ...piece, weightDecay, lrScale, codesOffset: codesBytes, scalesOffset: scalesBytes });
      codesBytes += alignBytes(piece.count);
      scalesBytes += alignBytes(Math.ceil(piece.count / BLOCK) * 4);
    }
  }
  return { pieces, codesBytes, scalesBytes };
}

/** The parameters as they were before the first update, kept where a run decays towards them. */
export const START_BUFFER = 'start';

/** What decides the update of a run. */
export interface UpdateSettings {
  readonly optimizer: Optimizer;
  readonly state: OptimizerState;
  /** Decay towards the start; 0: none. */
  readonly initDecay: number;
}

/** What is kept between updates; all of it is zero before the first, but for the start. */
export function stateBuffers(layout: ParamLayout, settings: UpdateSettings, limits: GpuLimits): readonly StateBuffer[] {
  const start = { name: START_BUFFER, bytes: layout.bytes, holds: 'params' } as const;
  return [...moments(layout, settings, limits), ...(settings.initDecay > 0 ? [start] : [])];
}

function moments(layout: ParamLayout, { optimizer, state }: UpdateSettings, limits: GpuLimits): StateBuffer[] {
  if (optimizer === 'sgd') return [];
  if (state === 'f32') return ['m', 'v'].map((name) => ({ name, bytes: layout.bytes, holds: 'params' as const }));
  const { codesBytes, scalesBytes } = piecesOf(layout, limits);
  return [
    ...['m', 'v'].map((name) => ({ name, bytes: codesBytes, holds: 'codes' as const })),
    ...['m_scales', 'v_scales'].map((name) => ({ name, bytes: scalesBytes, holds: 'scales' as const })),
  ];
}

/**
 * The dispatches of one optimizer update over the flat buffers `params`, `gradients` and those of `stateBuffers`: norm and
 * gate, then one update per parameter group, each split where it exceeds a binding.
 */
export function planUpdate(
  layout: ParamLayout,
  { optimizer, state, initDecay }: UpdateSettings,
  device: DeviceProfile,
): Omit<Plan, 'placement' | 'forwardEnd'> & { partials: number } {
  const { limits, variant } = device;
  const requests: LaunchRequest[] = [];
  const pieces = split(0, layout.count, limits);
  const pieceCounts = pieces.map(({ count }) => partialCount(count));
  const partials = pieceCounts.reduce((sum, count) => sum + count, 0);
  const fixed: Readonly<Record<string, BufferRange>> = {
    hyper: { buffer: 'hyper', offsetBytes: 0, bytes: HYPER_FLOATS * 4 },
    scalars: { buffer: 'scalars', offsetBytes: 0, bytes: SCALARS_WORDS * 4 },
    partials: { buffer: 'partials', offsetBytes: 0, bytes: partials * 4 },
  };
  let firstPartial = 0;
  pieces.forEach(({ offset, count }, index) => {
    requests.push({
      launch: squaredNormPartial({ count, firstPartial, variant }),
      rangeOf: (name) => fixed[name] ?? flat('gradients', offset, count),
    });
    firstPartial += pieceCounts[index] ?? 0;
  });
  requests.push({ launch: squaredNormFinish({ partials, variant }), rangeOf: (name) => fixed[name] });
  for (const { offset, count, weightDecay, lrScale, codesOffset, scalesOffset } of piecesOf(layout, limits).pieces) {
    const ranges: Record<string, BufferRange> = {
      ...fixed,
      grad: flat('gradients', offset, count),
      param: flat('params', offset, count),
      start: flat(START_BUFFER, offset, count),
    };
    if (initDecay > 0)
      requests.push({ launch: decayToStart({ count, decay: initDecay, lrScale }), rangeOf: (name) => ranges[name] });
    if (optimizer === 'sgd') {
      requests.push({ launch: sgd({ count, weightDecay, lrScale, momentum: false }), rangeOf: (name) => ranges[name] });
      continue;
    }
    for (const moment of ['m', 'v']) {
      ranges[moment] =
        state === 'f32' ? flat(moment, offset, count) : { buffer: moment, offsetBytes: codesOffset, bytes: count };
      const scales = `${moment}_scales`;
      ranges[scales] = { buffer: scales, offsetBytes: scalesOffset, bytes: Math.ceil(count / BLOCK) * 4 };
    }
    const launch =
      state === 'f32' ? adamw({ count, weightDecay, lrScale }) : adamw8bit({ count, weightDecay, lrScale, variant });
    requests.push({ launch, rangeOf: (name) => ranges[name] });
  }
  return { ...planLaunches(requests, limits), partials };
}

function flat(buffer: string, offset: number, count: number): BufferRange {
  return { buffer, offsetBytes: offset * 4, bytes: count * 4 };
}

/**
 * Cuts [offset, offset + count) floats into pieces that fit a binding, at offsets a binding may have; but for a group's end,
 * of whole blocks of 8-bit state, so that these are the same however small the pieces are.
 */
function split(offset: number, count: number, limits: GpuLimits): { offset: number; count: number }[] {
  const unit = Math.max(OFFSET_ALIGNMENT, BLOCK * 4);
  const most = Math.floor(limits.maxBindingBytes / unit) * (unit / 4);
  const pieces: { offset: number; count: number }[] = [];
  for (let done = 0; done < count; done += most)
    pieces.push({ offset: offset + done, count: Math.min(most, count - done) });
  return pieces;
}
