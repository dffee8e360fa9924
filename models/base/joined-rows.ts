import { codeWordsPerRow, scaleWordsPerRow, type BaseFormat } from '../../src/formats/quantize.ts';
import type { JoinedRows } from '../../src/graph/tensor.ts';
import { formatOf } from './base-format.ts';
import type { Model, WeightSpec } from '../families/family.ts';

/** Words at whose multiples each of some joined tensors begins, as a binding begins at a multiple of 256 bytes. */
const ALIGNED_WORDS = 64;

/** Where the tensors lie that a model joins, by name; those that are stored differently, or not aligned, stay apart. */
export function joinedRows(model: Pick<Model, 'weights'>, format: BaseFormat): ReadonlyMap<string, JoinedRows> {
  const groups = new Map<string, WeightSpec[]>();
  for (const spec of model.weights) {
    if (spec.join !== undefined) groups.set(spec.join, [...(groups.get(spec.join) ?? []), spec]);
  }
  const joined = new Map<string, JoinedRows>();
  for (const [name, specs] of groups) {
    const kinds = new Set(
      specs.map((spec) => (spec.kind === 'vector' ? 'vector' : `${formatOf(spec, format)} ${spec.shape[1] ?? 0}`)),
    );
    if (kinds.size !== 1 || specs.some((spec) => !isAligned(spec, format))) continue;
    const rows = specs.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
    let firstRow = 0;
    for (const spec of specs) {
      joined.set(spec.name, { name, firstRow, rows });
      firstRow += spec.shape[0] ?? 0;
    }
  }
  return joined;
}

/** Whether what lies behind a tensor in its buffers can be bound. */
function isAligned(spec: WeightSpec, format: BaseFormat): boolean {
  const [rows = 0, cols = 0] = spec.shape;
  if (spec.kind === 'vector') return rows % ALIGNED_WORDS === 0;
  const stored = formatOf(spec, format);
  return [codeWordsPerRow(stored, cols), scaleWordsPerRow(stored, cols)].every(
    (words) => (rows * words) % ALIGNED_WORDS === 0,
  );
}
