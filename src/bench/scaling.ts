import { GpuBase } from '../../models/base/gpu-base.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { WgslTrainer } from '../train/wgsl-trainer.ts';
import type { RooflinePeaks } from './roofline.ts';
import { randomModel } from './random-model.ts';
import { notMeasured, summarise, type About, type BenchRow } from './row.ts';
import { shareOf, TrainingJob } from './training-job.ts';

const LENGTHS = [256, 512, 1024, 2048];
const LAYERS = [2, 4, 8];
/** Of the rows that differ in the other. */
const [FEW_LAYERS, SHORT] = [2, 256];
const STEPS = 4;

/** The built-in model's shape with other layer counts and a longer context. */
const config = (layers: number): Readonly<Record<string, unknown>> => ({
  model_type: 'llama',
  hidden_size: 256,
  intermediate_size: 736,
  max_position_embeddings: 2048,
  num_attention_heads: 8,
  num_hidden_layers: layers,
  num_key_value_heads: 4,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  vocab_size: 4096,
});

/**
 * How a training step's time and memory grow with the tokens of a sequence and with the layers, attention's time apart, since
 * it alone has work that grows with the square. No activation is recomputed in any row, so that no policy changes between them.
 */
export async function* benchScaling(
  gpu: Gpu,
  { format, peaks }: { readonly format: BaseFormat; readonly peaks: RooflinePeaks },
  about: About,
): AsyncGenerator<BenchRow> {
  for (const tokens of LENGTHS) yield await benchShape(gpu, { format, peaks, tokens, layers: FEW_LAYERS }, about);
  for (const layers of LAYERS) {
    if (layers !== FEW_LAYERS) yield await benchShape(gpu, { format, peaks, tokens: SHORT, layers }, about);
  }
}

async function benchShape(
  gpu: Gpu,
  {
    format,
    peaks,
    tokens,
    layers,
  }: { readonly format: BaseFormat; readonly peaks: RooflinePeaks; readonly tokens: number; readonly layers: number },
  about: About,
): Promise<BenchRow> {
  const row = {
    suite: 'scaling',
    case: `Llama shape ${format}, 256 wide, random weights, rank 16: ${layers} layers, ${tokens} tokens`,
    impl: 'weblora',
    ...about,
  } as const;
  const opened = randomModel('random', config(layers));
  const base = await GpuBase.load(gpu, opened, { format, context: tokens });
  try {
    const job = new TrainingJob(opened, format, tokens);
    const program = await job.tuned(gpu, job.plan(base, 'none'));
    const trainer = await WgslTrainer.make(base, program);
    try {
      await job.begin(trainer);
      const times: number[] = [];
      for (let update = 1; update <= STEPS; update += 1) {
        const start = performance.now();
        await job.update(trainer, update);
        times.push(performance.now() - start);
      }
      const spread = summarise(times.slice(1)); // the first one warms up
      const shares = await job.profile(trainer, peaks);
      const attention = shares && shareOf(shares, 'attention');
      return {
        ...row,
        ...spread,
        tokensPerSec: (tokens / spread.medianMs) * 1000,
        gflops: program.report.flopsPerStep / spread.medianMs / 1e6,
        peakBytes: program.report.totalBytes,
        arenaBytes: program.report.arenaBytes,
        ...(attention !== undefined && {
          attentionMs: attention * spread.medianMs,
          otherMs: (1 - attention) * spread.medianMs,
        }),
        status: 'ok',
      };
    } finally {
      trainer.dispose();
    }
  } catch (error) {
    return { ...row, status: notMeasured(error) };
  } finally {
    base.destroy();
  }
}
