import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { openModel } from '../../../models/checkpoint/open-model.ts';
import { verifyFiles } from '../../adapters/signature.ts';
import { WebLoraError } from '../../errors.ts';
import { alphaOf, rankOf } from '../../adapters/adapter.ts';
import { ADAPTER_FORMATS, formatOf, isAdapterFile } from '../../adapters/formats/index.ts';
import { adapterFilesAt, readAdapter, readRunFile } from '../files.ts';
import { baseNamesFor } from '../session.ts';
import { parseModelAddress } from '../../sources/model-address.ts';
import type { Flags } from '../flags.ts';
import { openModelSource } from '../model-source.ts';
import type { Output } from '../output.ts';

/** `weblora inspect` @returns the exit status */
export async function inspect(target: string, flags: Flags, output: Output): Promise<number> {
  const facts = await describe(target, flags, output);
  output.record(facts);
  for (const [name, value] of Object.entries(facts))
    output.line(`${name.padEnd(24)}${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return 0;
}

async function describe(target: string, flags: Flags, output: Output): Promise<Record<string, unknown>> {
  const path = resolve(target);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const names = isFolder ? readdirSync(path) : [];
  const isModel = target === 'embedded' || names.includes('config.json');
  if (names.includes('run.json') || (!isModel && names.some(isAdapterFile)))
    return describeAdapter(target, path, flags, output);
  const wanted = `a model (config.json, or a .gguf file), an adapter (${ADAPTER_FORMATS.map(({ files }) => files).join('; or ')}) or a run (run.json)`;
  if (isFolder && !isModel) {
    throw new WebLoraError('bad-model', `inspect ${target}`, {
      got: `a folder with ${names.slice(0, 5).join(', ') || 'nothing'}`,
      wanted,
      fix: 'check the path',
    });
  }
  const isHere = target === 'embedded' || isFolder || (existsSync(path) && target.endsWith('.gguf'));
  if (!isHere && parseModelAddress(target) === undefined) {
    const isFile = existsSync(path);
    throw new WebLoraError('file-not-found', `inspect ${target}`, {
      got: isFile ? 'a file' : 'nothing there',
      wanted: `${wanted}, or hf:org/name`,
      fix: isFile ? `inspect its folder, ${dirname(target)}` : 'check the path',
    });
  }
  const folder = await openModelSource(target, output, { offline: flags.flag('offline'), shapesOnly: true });
  const { name, model, parameterCount, baseHash, recommendedLearningRate, notes, readPacked } = await openModel(folder);
  return {
    kind: 'model',
    format: readPacked === undefined ? 'Hugging Face folder' : 'GGUF file',
    name,
    ...model.shape,
    parameterCount,
    sha256: baseHash,
    tensors: model.weights.length,
    ...(recommendedLearningRate !== undefined && { recommendedLearningRate }),
    ...(notes.length > 0 && { notes }),
  };
}

async function describeAdapter(
  target: string,
  path: string,
  flags: Flags,
  output: Output,
): Promise<Record<string, unknown>> {
  const run = readRunFile(path);
  const lineage =
    run === undefined
      ? {}
      : {
          status: run.status,
          base: run.base,
          data: run.data,
          ...(run.evalData && { evalData: run.evalData }),
          ...(run.replayData && { replayData: run.replayData }),
          parents: run.parents,
          device: run.device,
          steps: run.results?.steps,
          finalLoss: run.results?.finalLoss,
          webLoraVersion: run.webLoraVersion,
          settings: run.settings,
        };
  if (!readdirSync(path).some(isAdapterFile)) return { kind: 'run without a finished adapter', ...lineage };
  const trainedOn = run?.settings['model'];
  const { format, files } = formatOf(adapterFilesAt('inspect', target));
  const signedBy = await verifyFiles(files, isAdapterFile);
  const adapter = await readAdapter('inspect', target, () =>
    baseNamesFor(flags, output, typeof trainedOn === 'string' ? trainedOn : undefined),
  );
  const modules = Object.fromEntries(
    [...adapter.modules].map(([name, module]) => {
      const own = [rankOf(module), alphaOf(adapter, module)];
      const isUsual = own[0] === adapter.rank && own[1] === adapter.alpha;
      const more = isUsual ? '' : `, rank ${own[0]}, alpha ${own[1]}`;
      return [name, `${module.outFeatures} x ${module.inFeatures}${more}`];
    }),
  );
  const { rank, alpha, method, dropout, targetModules, baseModel, scale, notes } = adapter;
  return {
    kind: run === undefined ? 'adapter' : 'run with a finished adapter',
    format: format.label,
    ...(signedBy !== undefined && { signedBy }),
    baseModel,
    method,
    rank,
    alpha,
    scale,
    dropout,
    targetModules,
    modules,
    ...(notes && { notes }),
    ...lineage,
  };
}
