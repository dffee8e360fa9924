/**
 * Training by subgroup matrices (`--kernels subgroup-matrix`), on a device that has them: products against f64, gradients and 20 updates
 * against PyTorch and against the f32 kernels, bits of runs again and resumed, and what is not finite.
 * `node --import tsx scripts/check/subgroup-matrix.ts [PART…]`, PART one of products, gradients, curves, runs, non-finite (default: all).
 * Prints a line for each comparison and ends with status 1 when one is missed, 2 where the device has no such matrices. Results and how
 * to get such a device without a GPU: docs/checks.md.
 */
import { register } from 'node:module';
import { writeSync } from 'node:fs';

register('./wgsl-as-text.mjs', import.meta.url);
const { checkSubgroupMatrices, PARTS } = await import('./subgroup-matrix-parts.ts');

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !(PARTS as readonly string[]).includes(part));
if (unknown.length > 0) {
  writeSync(2, `no part '${unknown.join("', '")}'; there are ${PARTS.join(', ')}\n`);
  process.exit(2);
}
const parts = PARTS.filter((part) => asked.length === 0 || asked.includes(part));
// The binding keeps the process alive as long as the device lives.
process.exit(await checkSubgroupMatrices(parts, (line) => writeSync(1, `${line}\n`)));
