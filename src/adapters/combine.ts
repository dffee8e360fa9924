import { WebLoraError } from '../errors.ts';
import { adapterKind } from '../lora/kinds/index.ts';
import { rankOf, scaleOf, shortNames, type LoraAdapter, type LoraModule } from './adapter.ts';
import { adapterHash } from './lineage.ts';

/**
 * - `concat`: the ranks of all stand one after the other, as PEFT's `add_weighted_adapter(combination_type='cat')`
 * - `sum`: the same effect in fewer ranks where adapters share a factor to the bit, as those continued from one with a
 *   frozen A do
 *
 * Either way the effect is exactly the weighted sum of the effects. PEFT's `linear` adds the factors instead, A to A and
 * B to B, whose product has cross terms that none of the adapters had: it is not offered.
 */
export const COMBINATIONS = ['sum', 'concat'] as const;
export type Combination = (typeof COMBINATIONS)[number];

export interface WeightedAdapter {
  /** For messages. */
  readonly name: string;
  readonly adapter: LoraAdapter;
  readonly weight: number;
}

/** One term of a module's effect: B · A, every scale and weight in B, in f64 until all terms are known. */
interface Term {
  readonly a: Float32Array; // [rank, in]
  readonly b: Float64Array; // [out, rank]
  readonly rank: number;
}

/**
 * One adapter whose effect is the weighted sum of the others': a LoRA of scale 1.
 * @throws `usage` for fewer than two, `bad-adapter` where bases or shapes differ, `unsupported` for kinds whose effects
 *   do not add
 */
export function combineAdapters(given: readonly WeightedAdapter[], how: Combination): LoraAdapter {
  const [first] = given;
  if (first === undefined || given.length < 2) {
    throw new WebLoraError('usage', 'combine', {
      got: given.length === 1 ? 'one adapter' : 'no adapters',
      wanted: 'two or more',
      fix: 'name them with commas between',
    });
  }
  for (const each of given) assertAddable(each, first);
  const paths = [...new Set(given.flatMap(({ adapter }) => [...adapter.modules.keys()]))];
  const terms = new Map(paths.map((path) => [path, termsOf(given, path, how)]));
  const rankOf = (list: readonly Term[]): number => list.reduce((sum, { rank }) => sum + rank, 0);
  const rank = Math.max(...[...terms.values()].map(rankOf));
  const modules = new Map<string, LoraModule>();
  for (const path of paths) modules.set(path, stack(terms.get(path) ?? [], rank, shapeOf(given, path)));
  return {
    rank,
    alpha: rank,
    scale: 1,
    method: 'lora',
    dropout: 0,
    targetModules: shortNames(paths),
    baseModel: given.find(({ adapter }) => adapter.baseModel !== '')?.adapter.baseModel ?? '',
    modules,
  };
}

function assertAddable({ name, adapter, weight }: WeightedAdapter, first: WeightedAdapter): void {
  const { label, parts } = adapterKind(adapter.method);
  if (parts.length > 2) {
    throw new WebLoraError('unsupported', `combine: ${name}`, {
      got: `${label}, whose effects do not add: it scales the rows of base and branch together`,
      wanted: 'LoRA or rsLoRA',
      fix: 'merge it into its base model instead',
    });
  }
  if (!Number.isFinite(weight)) {
    throw new WebLoraError('usage', `combine: weight of ${name}`, { got: weight, wanted: 'a number' });
  }
  const bases = [adapter.baseModel, first.adapter.baseModel];
  if (!bases.includes('') && bases[0] !== bases[1]) {
    throw new WebLoraError('bad-adapter', `combine: ${name}`, {
      got: `an adapter for ${adapter.baseModel}`,
      wanted: `one for ${first.adapter.baseModel}, as ${first.name} is`,
      fix: 'combine adapters of one base model',
    });
  }
}

/** The module's sizes, the same in all adapters that have it. */
function shapeOf(given: readonly WeightedAdapter[], path: string): Pick<LoraModule, 'inFeatures' | 'outFeatures'> {
  const [first, ...others] = given.flatMap(({ name, adapter }) => {
    const module = adapter.modules.get(path);
    return module === undefined ? [] : [{ name, module }];
  });
  if (first === undefined) throw new WebLoraError('internal', `combine: no module ${path}`);
  const { inFeatures, outFeatures } = first.module;
  for (const { name, module } of others) {
    if (module.inFeatures === inFeatures && module.outFeatures === outFeatures) continue;
    throw new WebLoraError('bad-adapter', `combine: ${path} of ${name}`, {
      got: `${module.outFeatures} x ${module.inFeatures}`,
      wanted: `${outFeatures} x ${inFeatures}, as in ${first.name}`,
      fix: 'combine adapters of one base model',
    });
  }
  return { inFeatures, outFeatures };
}

function termsOf(given: readonly WeightedAdapter[], path: string, how: Combination): Term[] {
  const terms: Term[] = [];
  for (const { adapter, weight } of given) {
    const module = adapter.modules.get(path);
    if (module === undefined) continue;
    const factor = weight * scaleOf(adapter, module);
    const term: Term = {
      a: module.a,
      b: Float64Array.from(module.b, (value) => factor * value),
      rank: rankOf(module),
    };
    const shared = how === 'sum' ? terms.find(({ a }) => sameValues(a, term.a)) : undefined;
    if (shared === undefined) terms.push(term);
    else for (let i = 0; i < shared.b.length; i++) shared.b[i] = (shared.b[i] ?? 0) + (term.b[i] ?? 0);
  }
  return terms;
}

function sameValues(one: Float32Array, other: Float32Array): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i]);
}

/** All terms side by side, with zeros up to `rank`. */
function stack(
  terms: readonly Term[],
  rank: number,
  { inFeatures, outFeatures }: Pick<LoraModule, 'inFeatures' | 'outFeatures'>,
): LoraModule {
  const a = new Float32Array(rank * inFeatures);
  const b = new Float32Array(outFeatures * rank);
  let from = 0;
  for (const term of terms) {
    a.set(term.a, from * inFeatures);
    for (let row = 0; row < outFeatures; row++)
      b.set(term.b.subarray(row * term.rank, (row + 1) * term.rank), row * rank + from);
    from += term.rank;
  }
  return { a, b, inFeatures, outFeatures };
}

/** README.md of a combined adapter: what it is made of, by names and hashes. */
export function combinedCard(adapters: readonly WeightedAdapter[]): string {
  const terms = adapters.map(
    ({ name, weight, adapter }) => `- ${weight} × \`${name}\`, sha256 of its weights \`${adapterHash(adapter)}\``,
  );
  return [
    ...[
      '---',
      'library_name: peft',
      'pipeline_tag: text-generation',
      'tags:',
      '  - lora',
      '  - peft',
      '  - web-lora',
      '---',
    ],
    ...['', '# Combined adapter', '', 'The weighted sum of the effects of:', '', ...terms, ''],
  ].join('\n');
}
