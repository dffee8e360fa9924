import { WebLoraError } from '../../errors.ts';
import { float32Tensor, writeSafetensors } from '../../formats/safetensors.ts';
import { outputFile, type Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session.ts';
import { writeFileWhole } from '../write-whole.ts';

/** `weblora logits` @returns the exit status */
export async function logits(flags: Flags, output: Output): Promise<number> {
  const tokens = flags.list('tokens')?.map(Number);
  if (tokens === undefined || tokens.length === 0 || tokens.some((token) => !Number.isInteger(token) || token < 0)) {
    throw new WebLoraError('usage', '--tokens', {
      got: flags.text('tokens') ?? 'nothing',
      wanted: 'token ids with commas between them, e.g. 1,2,3',
      fix: 'correct --tokens',
    });
  }
  const wanted = 'a .safetensors file to write';
  const out = flags.required('out', wanted);
  const path = outputFile(flags, 'out', wanted) ?? out;
  return withSession(flags, output, async ({ model, adapter }) => {
    const rows = await model.logits(tokens, adapter);
    const { vocabSize } = model.opened.model.shape;
    const all = new Float32Array(rows.length * vocabSize);
    rows.forEach((row, i) => {
      all.set(row, i * vocabSize);
    });
    writeFileWhole(path, writeSafetensors(new Map([['logits', float32Tensor(all, [rows.length, vocabSize])]])));
    output.record({ out, shape: [rows.length, vocabSize] });
    output.line(`wrote logits [${rows.length}, ${vocabSize}] to ${out}`);
    return 0;
  });
}
