import { chooseModels, deviceFor } from '../../engine/chooser.ts';
import { openNodeGpu } from '../../gpu/node.ts';
import { refuseCpu, type Flags } from '../flags.ts';
import { openNodeModels } from '../../sources/node-models.ts';
import { formatBytes, type Output } from '../output.ts';

/** `weblora models` @returns the exit status */
export async function models(flags: Flags, output: Output): Promise<number> {
  if (flags.flag('catalogue')) return catalogue(flags, output);
  const { cache } = openNodeModels();
  const gone = flags.text('delete');
  if (gone !== undefined) {
    const removed = await cache.remove(gone);
    const bytes = removed.reduce((sum, model) => sum + model.bytes, 0);
    output.record({ deleted: removed.map(({ id, name, bytes: size }) => ({ id, name, bytes: size })), bytes });
    output.line(`deleted ${removed.map(({ name }) => name).join(', ')}: ${formatBytes(bytes)} free again`);
    return 0;
  }
  const checked = flags.text('check');
  if (checked !== undefined) {
    const progress = output.progress('checking', 'MB');
    const damaged = await cache.check(checked, (done, total) =>
      progress.update(Math.floor(done / 1e6), Math.ceil(total / 1e6)),
    );
    progress.end();
    output.record({ checked, damaged });
    output.line(
      damaged.length === 0
        ? `${checked}: every byte is as it was fetched`
        : `damaged and removed, the next use fetches them again: ${damaged.join(', ')}`,
    );
    return damaged.length === 0 ? 0 : 1;
  }
  const all = await cache.list();
  for (const model of all) output.record(model);
  for (const { name, commit, bytes, complete } of all)
    output.line(
      `${formatBytes(bytes).padStart(10)}  ${name}  ${commit.slice(0, 8)}${complete ? '' : '  (not whole yet)'}`,
    );
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  output.note(`${all.length} in ${cache.store.description}, ${formatBytes(total)}`);
  return 0;
}

/** `weblora models --catalogue` and `weblora inspect` of nothing: what there is, held against this device; nothing is downloaded. */
export async function catalogue(flags: Flags, output: Output): Promise<number> {
  refuseCpu(flags, 'the list holds models against a GPU');
  const purpose = flags.oneOf('for', ['chat', 'training'] as const) ?? 'training';
  const languages = flags.list('languages') ?? [];
  const gpu = await openNodeGpu({ onNotice: (message) => output.note(message) });
  try {
    const device = await deviceFor(gpu, openNodeModels().cache.store, { probeAgain: flags.flag('probe') });
    const { choices, recommended } = chooseModels(device, { languages, purpose });
    for (const choice of choices) {
      output.record({ ...choice, recommendedHere: choice.id === recommended });
      const { id, parameterCount, downloadBytes, chat, training, licence } = choice;
      const mark = id === recommended ? '*' : ' ';
      const size = `${(parameterCount / 1e6).toFixed(0)}M, ${formatBytes(downloadBytes)}`;
      output.line(
        `${mark} ${id.padEnd(38)}${size.padEnd(20)}chat: ${chat.verdict.padEnd(10)}training: ${training.verdict.padEnd(10)}${choice.languages.join(' ')}; ${licence}`,
      );
      const rate = training.tokensPerSecond;
      const speed = rate === undefined ? '' : ` About ${Number(rate.toPrecision(2))} trained tokens/s.`;
      output.line(`    ${choice.goodFor} ${purpose === 'chat' ? 'Chat' : 'Training'} ${choice[purpose].note}.${speed}`);
    }
    if (recommended !== undefined) output.note(`* to begin with, as --model hf:${recommended}`);
  } finally {
    gpu.destroy();
  }
  return 0;
}
