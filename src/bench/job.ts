import type { GpuBase } from '../../models/base/gpu-base.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { IGNORED_LABEL } from '../data/rows.ts';
import { kernelsName } from '../gpu/device-profile.ts';
import { tuneTilings } from '../graph/tune.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { resolveTrainConfig } from '../train/config.ts';
import { planTraining, withTilings } from '../train/program.ts';
import { objectiveOf } from '../objectives/index.ts';
import { RunControl } from '../train/run-control.ts';
import type { RunEvent } from '../train/run-events.ts';
import type { MadeTrainer } from '../train/run-request.ts';
import { runTraining } from '../train/run.ts';
import { WgslTrainer } from '../train/wgsl-trainer.ts';
import { notMeasured, type About, type BenchRow } from './row.ts';

const ROWS = 40;
const TOKENS = 80;
const UPDATES = 100;
const ROWS_PER_UPDATE = 4;

/**
 * The reference job, as anyone would run it: 40 rows of 80 tokens whose second half is scored, 100 updates of 4 rows with all
 * other settings at their defaults, checkpoints included. Also what the run said it would take as soon as it knew.
 */
export async function benchJob(base: GpuBase, opened: OpenModel, about: About): Promise<BenchRow> {
  const row = {
    suite: 'job',
    case: `${opened.name} ${base.format}: ${ROWS} rows of ${TOKENS} tokens, ${UPDATES} updates of ${ROWS_PER_UPDATE} rows`,
    impl: 'weblora',
    ...about,
  } as const;
  const begun = performance.now();
  /** Compilation, and on a GPU tuning. */
  let compileMs = Number.NaN;
  let told: { readonly afterSeconds: number; readonly seconds: number } | undefined;
  const emit = (event: RunEvent): void => {
    if (event.kind === 'started') compileMs = performance.now() - begun;
    if (event.kind !== 'step' || told !== undefined || event.secondsLeft === undefined) return;
    const { elapsedSeconds: afterSeconds } = event;
    told = { afterSeconds, seconds: afterSeconds + event.secondsLeft };
  };
  try {
    let peakBytes = Number.NaN;
    const seqLen = Math.min(512, base.context);
    const config = resolveTrainConfig({ steps: UPDATES, accumulate: ROWS_PER_UPDATE, seqLen });
    const outcome = await runTraining({
      opened,
      base: { format: base.format, context: base.context },
      config,
      objective: objectiveOf(config),
      data: { name: 'reference.jsonl', bytes: referenceRows(opened.model.shape.vocabSize) },
      store: makeMemoryStore(),
      out: 'job',
      emit,
      control: new RunControl(),
      makeTrainer: async ({ settings }): Promise<MadeTrainer> => {
        const { profile } = base.gpu;
        const planned = planTraining(opened.model, settings, profile);
        const program = await withTilings(planned, (plans) => tuneTilings(base.gpu, plans));
        const { report } = program;
        peakBytes = report.totalBytes;
        const { checkpoint: checkpointing, optimizerState } = report;
        const kernels = { executor: 'webgpu', variant: kernelsName(profile), checkpointing, optimizerState } as const;
        const trainer = await WgslTrainer.make(base, program);
        return { trainer, plan: report, device: {}, deviceName: about.adapter, kernels };
      },
    });
    const { elapsedSeconds, totalTokens, finalLoss } = outcome;
    return {
      ...row,
      medianMs: elapsedSeconds * 1000,
      tokensPerSec: totalTokens / elapsedSeconds,
      peakBytes,
      compileMs,
      finalLoss,
      ...(told !== undefined && {
        estimateMs: told.seconds * 1000,
        estimateAfterMs: told.afterSeconds * 1000,
        estimateOff: told.seconds / elapsedSeconds - 1,
      }),
      status: 'ok',
    };
  } catch (error) {
    return { ...row, status: notMeasured(error) };
  }
}

/** Tokenised rows: every row a walk of its own through the vocabulary. */
function referenceRows(vocabSize: number): Uint8Array {
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const ids = Array.from({ length: TOKENS }, (_unused, t) => (row * 131 + t * 7919) % vocabSize);
    return JSON.stringify({ input_ids: ids, labels: ids.map((id, t) => (t < TOKENS / 2 ? IGNORED_LABEL : id)) });
  });
  return new TextEncoder().encode(`${rows.join('\n')}\n`);
}
