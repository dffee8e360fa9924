import { availableParallelism } from 'node:os';
import { resolveBase } from '../../../models/base/base-format.ts';
import { openModel } from '../../../models/checkpoint/open-model.ts';
import { nodePeers } from '../../bench/node-peers.ts';
import { DEFAULT_SUITES, SUITES, type BenchRow } from '../../bench/row.ts';
import { runSuites } from '../../bench/suites.ts';
import { WebLoraError } from '../../errors.ts';
import { openNodeGpu } from '../../gpu/node.ts';
import { commitOf } from '../commit.ts';
import { baseOf, kernelsOf, refuseCpu, type Flags } from '../flags.ts';
import { openModelSource } from '../model-source.ts';
import { formatBytes, type Output } from '../output.ts';

/** `weblora bench` @returns the exit status */
export async function bench(flags: Flags, output: Output): Promise<number> {
  refuseCpu(flags, 'a benchmark times a GPU');
  const suite = flags.oneOf('suite', SUITES);
  const lengths = (flags.list('lengths') ?? ['64', '512']).map(Number);
  const wrong = lengths.find((length) => !Number.isInteger(length) || length < 1);
  if (wrong !== undefined || lengths.length === 0)
    throw new WebLoraError('usage', '--lengths', {
      got: flags.text('lengths') ?? 'nothing',
      wanted: 'token counts with commas, e.g. 64,512',
      fix: 'correct --lengths',
    });
  const kernel = flags.text('kernel');
  const opened = await openModel(
    await openModelSource(flags.text('model') ?? 'embedded', output, { offline: flags.flag('offline') }),
  );
  output.warnOf(opened.name, opened.notes);
  const gpu = await openNodeGpu({ ...kernelsOf(flags), onNotice: (message) => output.note(message) });
  try {
    const rows = runSuites({
      gpu,
      opened,
      format: resolveBase(opened, baseOf(flags)),
      suites: suite === undefined ? DEFAULT_SUITES : [suite],
      lengths,
      peers: flags.flag('peers'),
      nodePeers,
      runtime: `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} threads`,
      commit: commitOf(import.meta.dirname),
      ...(kernel !== undefined && { kernel }),
    });
    for await (const row of rows) {
      output.record(row);
      output.line(lineOf(row));
      for (const line of shareLines(row)) output.line(line);
    }
  } finally {
    gpu.destroy();
  }
  return 0;
}

function lineOf({ suite, case: name, impl, medianMs, tokensPerSec, gflops, peakBytes, status }: BenchRow): string {
  const facts = [
    medianMs === undefined ? status : `${medianMs.toFixed(2)} ms`,
    ...(tokensPerSec === undefined ? [] : [`${tokensPerSec.toFixed(0)} tokens/s`]),
    ...(gflops === undefined ? [] : [`${gflops.toFixed(2)} GFLOP/s`]),
    ...(peakBytes === undefined ? [] : [formatBytes(peakBytes)]),
  ];
  return `${suite.padEnd(8)}${impl.padEnd(13)}${name.padEnd(56)} ${facts.join('  ')}`;
}

/** Which kernels a step's time goes to, down to one part in a hundred. */
function shareLines({ kernelShares }: BenchRow): string[] {
  return (kernelShares ?? [])
    .filter(({ share }) => share >= 0.01)
    .map(
      ({ kernel, dispatches, share, milliseconds, floorMs }) =>
        `${(share * 100).toFixed(1).padStart(12)} %  ${kernel.padEnd(44)}${String(dispatches).padStart(4)} dispatches  ` +
        `${milliseconds.toFixed(2)} ms, ${floorMs.toFixed(2)} at least by the peaks`,
    );
}
