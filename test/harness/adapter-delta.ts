import { rankOf, scaleOf, type LoraAdapter, type LoraModule } from '../../src/adapters/adapter.ts';

/** scale · B·A [out, in] in f64: what an adapter adds to the weight of a module. */
export function deltaOf(adapter: LoraAdapter, module: LoraModule): number[] {
  const { a, b, inFeatures, outFeatures } = module;
  const [rank, scale] = [rankOf(module), scaleOf(adapter, module)];
  const delta: number[] = [];
  for (let i = 0; i < outFeatures; i++) {
    for (let j = 0; j < inFeatures; j++) {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += (b[i * rank + r] ?? NaN) * (a[r * inFeatures + j] ?? NaN);
      delta.push(scale * sum);
    }
  }
  return delta;
}
