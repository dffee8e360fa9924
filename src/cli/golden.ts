import type { LoraAdapter } from '../adapters/adapter.ts';
import type { Golden } from '../adapters/golden.ts';
import { computeGolden } from '../engine/golden.ts';
import { WebLoraError } from '../errors.ts';
import { readNamedFile } from './files.ts';
import type { Flags } from './flags.ts';
import { onOff } from '../settings/value-types.ts';
import type { Output } from './output.ts';
import { systemPrompt, withSession } from './session.ts';

/**
 * What the adapter says to the golden prompts, computed on the device over the base as `generate` would open it;
 * undefined with `--golden off`, and where no model is named or it has no tokenizer.
 */
export async function goldenFor(
  flags: Flags,
  output: Output,
  { adapter, trainedOn }: { readonly adapter: LoraAdapter; readonly trainedOn: unknown },
): Promise<Golden | undefined> {
  const isOff = flags.value('golden', onOff()) === false;
  const prompts = promptsOf(flags, isOff);
  if (isOff) return undefined;
  const name = flags.text('model') ?? (typeof trainedOn === 'string' ? trainedOn : undefined);
  if (name === undefined) {
    output.note('no golden prompts: name the base model with --model to have them computed');
    return undefined;
  }
  return withSession(flags.with({ model: name }), output, async ({ model, run }) => {
    if (model.opened.origin.tokenizerFiles === undefined) {
      output.note('no golden prompts: the model has no tokenizer');
      return undefined;
    }
    const system = systemPrompt(flags, run, output);
    return computeGolden(model, adapter, { ...(system !== undefined && { system }), ...(prompts && { prompts }) });
  });
}

/** The lines of the person's own file; undefined for the fixed set. */
function promptsOf(flags: Flags, isOff: boolean): readonly string[] | undefined {
  const path = flags.text('golden-prompts');
  if (path === undefined) return undefined;
  if (isOff)
    throw new WebLoraError('usage', '--golden-prompts', {
      got: '--golden off beside it',
      wanted: 'one of them',
      fix: 'leave one out',
    });
  return readNamedFile(`--golden-prompts ${path}`, path, 'a text file with a prompt a line')
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
}
