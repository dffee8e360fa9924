import type { LoraAdapter } from '../adapters/adapter.ts';
import type { Golden } from '../adapters/golden.ts';
import { computeGolden } from '../engine/golden.ts';
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
  if (flags.value('golden', onOff()) === false) return undefined;
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
    return computeGolden(model, adapter, { ...(system !== undefined && { system }) });
  });
}
