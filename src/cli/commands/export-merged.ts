import { basename, dirname, resolve } from 'node:path';
import { baseNamesOf } from '../../../models/checkpoint/gguf/base-names.ts';
import { openModel } from '../../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../../adapters/adapter.ts';
import { goldenFiles } from '../../adapters/golden.ts';
import { modelfile, ollamaFacts } from '../../adapters/ollama.ts';
import { exportMerged, lossWarning, mergedBaseOf, mergedCard, mergedLosses } from '../../engine/export-merged.ts';
import type { MergedLosses } from '../../engine/merged-base.ts';
import { WebLoraError } from '../../errors.ts';
import { BASE_FORMATS } from '../../formats/quantize.ts';
import type { MergedFormat, MergedModel } from '../../merge/index.ts';
import { storeSink, zipSink, type ModelSink } from '../../merge/sink.ts';
import { makeNodeStore } from '../../storage/node-store.ts';
import { openModelFolder, readAdapter, readDataFile, readRunFile } from '../files.ts';
import { ggufTypeOf, newPath } from '../export-flags.ts';
import { goldenFor } from '../golden.ts';
import { sayCommands } from '../say-commands.ts';
import { writeWithBeside } from '../write-beside.ts';
import { wholeFolderSink } from '../write-whole.ts';
import { columnsOf, type Flags } from '../flags.ts';
import { MODEL_WANTED, openModelSource } from '../model-source.ts';
import { formatBytes, type Output } from '../output.ts';
import { systemPrompt, withSession } from '../session.ts';
import { abortOnStop } from '../stop-signals.ts';

/** `weblora export --to merged` and its like. @returns the exit status */
export async function exportMergedModel(
  format: MergedFormat,
  source: string,
  flags: Flags,
  output: Output,
): Promise<number> {
  const out = newPath(flags, format.layout);
  const type = ggufTypeOf(flags, format.name);
  const evalData = evalDataOf(flags, out);
  const run = readRunFile(resolve(source));
  const trainedOn = run?.settings['model'];
  const name =
    flags.text('model') ?? (typeof trainedOn === 'string' ? trainedOn : flags.required('model', MODEL_WANTED));
  const opened = await openModel(await openModelSource(name, output, { offline: flags.flag('offline') }));
  output.warnOf(opened.name, opened.notes);
  const adapter = await readAdapter('--adapter', source, () => Promise.resolve(baseNamesOf(opened.model)));
  output.warnOf(source, adapter.notes);
  if (run !== undefined && run.base.sha256 !== opened.baseHash) {
    output.warn(
      `the adapter was trained on a base with sha256 ${run.base.sha256.slice(0, 12)}…, this one has ${opened.baseHash.slice(0, 12)}…: merged, it computes something else`,
    );
  }
  const base = flags.oneOf('base', BASE_FORMATS);
  const golden = await goldenFor(flags, output, { adapter, trainedOn: name });
  const checks = golden === undefined ? new Map<string, Uint8Array>() : goldenFiles(golden, format.name, basename(out));
  const mergedBase = mergedBaseOf(opened, base);
  const recorded = (name: string): string | undefined => {
    const value = run?.settings[name];
    return typeof value === 'string' ? value : undefined;
  };
  const system = flags.text('system') ?? recorded('system');
  const licence = recorded('license');
  const modelCard = mergedCard(
    { opened, adapter, ...(base !== undefined && { base }) },
    {
      title: basename(out).replace(/\.zip$/, ''),
      ...(licence !== undefined && { licence }),
      ...(system !== undefined && { systemPrompt: system }),
    },
  );
  const beside = new Map(format.layout.kind === 'file' ? checks : []);
  if (format.name === 'merged-gguf' && opened.origin.tokenizerFiles !== undefined)
    beside.set(
      'Modelfile',
      new TextEncoder().encode(modelfile(basename(out), ollamaFacts(opened.tokenizer()), system)),
    );
  const progress = output.progress('writing', 'MB');
  const stop = abortOnStop();
  const merge = {
    opened,
    adapter,
    ...(base !== undefined && { base }),
    ...(type !== undefined && { type }),
    modelCard,
    extras: checks,
    signal: stop.signal,
    onProgress: (done: number, total: number) => progress.update(Math.floor(done / 1e6), Math.ceil(total / 1e6)),
  };
  let written: MergedModel | undefined;
  let besides: string[] = [];
  try {
    besides = await writeWithBeside(out, beside, async () => {
      written = await exportMerged(format, merge, sinkFor(format, out), basename(out));
    });
  } finally {
    stop.release();
    progress.end();
  }
  if (written === undefined) throw new WebLoraError('internal', 'a merged model that was written nowhere');
  const { bytes, notes } = written;
  const files = [...written.files, ...besides];
  const losses = evalData && (await measure(flags, output, { name, out, adapter, evalData }));
  output.warnOf(out, notes);
  output.record({
    out,
    format: format.name,
    files,
    bytes,
    base: mergedBase,
    ...(losses && { evalLoss: losses }),
    notes,
  });
  output.line(`wrote ${files.length === 1 ? '' : `${files.length} files, `}${formatBytes(bytes)} to ${out}`);
  output.line(`merged into ${mergedBase.name} (${mergedBase.weights}; sha256 ${mergedBase.sha256.slice(0, 12)}…)`);
  output.line(`for ${format.opens}`);
  sayCommands(output, format.name, out, opened.name);
  if (losses) reportLosses(output, losses);
  return 0;
}

function sinkFor({ layout }: MergedFormat, out: string): ModelSink {
  if (layout.kind === 'folder' && !out.endsWith('.zip')) return wholeFolderSink(out);
  const file = storeSink(makeNodeStore(dirname(out)), '');
  return layout.kind === 'file' ? file : zipSink(file, basename(out));
}

/** Rows to measure the merge on; read before the work begins. */
function evalDataOf(flags: Flags, out: string): ReturnType<typeof readDataFile> | undefined {
  const path = flags.text('eval-data');
  if (path === undefined) return undefined;
  if (out.endsWith('.zip')) {
    throw new WebLoraError('usage', '--eval-data', {
      got: 'a merged model inside a zip',
      wanted: 'one that can be opened again',
      fix: 'export into a folder, or leave --eval-data out',
    });
  }
  return readDataFile('--eval-data', path, columnsOf(flags));
}

/** Opens both models on the device, as `eval` would. */
function measure(
  flags: Flags,
  output: Output,
  given: {
    readonly name: string;
    readonly out: string;
    readonly adapter: LoraAdapter;
    readonly evalData: ReturnType<typeof readDataFile>;
  },
): Promise<MergedLosses> {
  const { name, out, adapter, evalData } = given;
  return withSession(flags.with({ model: name }), output, async ({ core, model, run }) => {
    const system = systemPrompt(flags, run, output);
    const merged = openModelFolder(out);
    return mergedLosses(core, { loaded: model, adapter, merged }, evalData, {
      ...(system !== undefined && { system }),
    });
  });
}

function reportLosses(output: Output, losses: MergedLosses): void {
  const { unmerged, merged } = losses;
  output.line(`held-out loss: ${unmerged.toFixed(4)} with the adapter over its base, ${merged.toFixed(4)} merged`);
  const warning = lossWarning(losses);
  if (warning !== undefined) output.warn(warning);
}
