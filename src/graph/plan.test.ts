import { describe, expect, it } from 'vitest';
import { OpGraph } from '../../test/harness/op-graph.ts';
import { DEFAULT_LIMITS, DEFAULT_PROFILE, type DeviceProfile } from '../gpu/device-profile.ts';
import { differentiate } from './differentiate.ts';
import { weightBufferName, weightParts } from './operand.ts';
import { assertNoReadWriteAliasing, planGraph, type Plan, type PlanOptions } from './plan.ts';
import { Tensor } from './tensor.ts';

const plan = (g: OpGraph, options: Partial<PlanOptions> = {}): Plan =>
  planGraph(g, {
    device: DEFAULT_PROFILE,
    rangeOf: ({ name, elems }) => ({ buffer: name, offsetBytes: 0, bytes: elems * 4 }),
    ...options,
  });

const limited = (limits: Partial<DeviceProfile['limits']>): DeviceProfile => ({
  ...DEFAULT_PROFILE,
  limits: { ...DEFAULT_LIMITS, ...limits },
});

/** x -> norm -> product with a split weight -> gelu, all over tokens. */
function chain(rows: number): OpGraph {
  const g = new OpGraph();
  const x = g.embedding(g.words('tokens', rows), g.weight('table', 11, 8));
  const normed = g.rmsNorm(g.rmsNorm(x, g.vector('first', 8), 1e-3), g.vector('second', 8), 1e-3);
  g.gelu(g.linear(normed, { weight: g.weight('w', 6, 8) }));
  return g;
}

const entries = ({ launches }: Plan): string[] => launches.map(({ launch }) => `${launch.kernel.name}/${launch.entry}`);

describe('planGraph', () => {
  it('binds activations in slabs and everything else in its own buffer', () => {
    const planned = plan(chain(5));
    assertNoReadWriteAliasing(planned);
    expect(entries(planned)).toEqual([
      'embedding/forward',
      'rms_norm/forward',
      'rms_norm/forward',
      'matmul_nt/narrow',
      'gated_activation/gelu_forward',
    ]);
    const [lookup] = planned.launches;
    expect(lookup?.bindings).toMatchObject([
      { buffer: 'tokens', sizeBytes: 5 * 4, access: 'read' },
      { buffer: 'weight/table/0/codes', sizeBytes: 11 * 8 * 4, access: 'read' },
      { buffer: 'slab/0', sizeBytes: 5 * 8 * 4, access: 'read_write' },
    ]);
    expect(planned.largestBindingBytes).toBe(11 * 8 * 4);
    expect(planned.flops).toBe(planned.launches.reduce((sum, { launch }) => sum + launch.flops, 0));
  });

  it('keeps equal uniform blocks once', () => {
    const planned = plan(chain(5));
    const offsets = planned.launches.map(({ paramsOffset }) => paramsOffset);
    // The two norms are alike.
    expect(offsets).toEqual([0, 256, 256, 512, 768]);
    expect(planned.uniforms.byteLength).toBe(1024);
  });

  it('says where the forward pass ends', () => {
    const g = new OpGraph();
    const output = g.gelu(g.trained('x', 5, 8));
    const seed = g.tensor({ name: 'seed', shape: output.shape, role: 'input' });
    const { forwardEnd } = differentiate(g, { output, seed, checkpoint: 'none' });
    const planned = plan(g, { forwardEnd });
    expect(entries(planned).slice(0, planned.forwardEnd).at(-1)).toBe('gated_activation/gelu_forward');
    expect(entries(planned)[planned.forwardEnd]).toBe('gated_activation/gelu_backward');
    expect(plan(g).forwardEnd).toBe(planned.launches.length);
  });

  it('places fewer rows where more rows were placed', () => {
    const large = plan(chain(64));
    const small = plan(chain(5), { placement: large.placement });
    expect(small.placement).toBe(large.placement);
    assertNoReadWriteAliasing(small);
    const offsets = ({ launches }: Plan): unknown =>
      launches.map(({ bindings }) => bindings.map(({ buffer, offsetBytes }) => [buffer, offsetBytes]));
    expect(offsets(small)).toEqual(offsets(large));
  });

  it('refuses to read what was overwritten in place', () => {
    const g = new OpGraph();
    const x = g.frozen('x', 5, 4);
    const tables = { cos: g.vector('cos', 2), sin: g.vector('sin', 2) };
    g.rotary(x, g.words('positions', 5), tables, { heads: 1, headDim: 4, rotaryDim: 4 });
    g.gelu(x);
    expect(() => plan(g)).toThrow(/gelu \(node 1\) reads x\[5, 4\], which node 0 overwrote in place/);
  });

  it('refuses a binding over the limit, naming the operand', () => {
    const device = limited({ maxBindingBytes: 8 * 6 * 4 });
    expect(() => plan(chain(7), { device })).toThrow(
      /embedding\/forward: operand y: got 224 bytes, wanted at most 192/,
    );
  });

  it('takes the tiling that was chosen for a shape, and refuses one that there is not', () => {
    const g = new OpGraph();
    g.linear(g.frozen('x', 5, 8), { weight: g.weight('w', 40, 8) });
    const { tilings } = plan(g).launches.find(({ launch }) => launch.kernel.name === 'matmul_nt')?.launch ?? {};
    if (tilings === undefined) throw new RangeError('a product has tilings');
    const other = Object.keys(tilings.launches).find((name) => name !== 'tile') ?? '';
    expect(entries(plan(g, { tilings: { [tilings.shape]: other } }))[0]).toBe(`matmul_nt/${other}`);
    expect(() => plan(g, { tilings: { [tilings.shape]: 'gone' } })).toThrow(/the tiling of matmul_nt .*: got gone/);
  });

  it('takes a tiling by subgroups where all have its size, and the default elsewhere', () => {
    const g = new OpGraph();
    g.linear(g.frozen('x', 5, 32), { weight: g.weight('w', 40, 32) });
    const { tilings } = plan(g).launches.find(({ launch }) => launch.kernel.name === 'matmul_nt')?.launch ?? {};
    const choices = { tilings: { [tilings?.shape ?? '']: 'broadcast_8' } };
    const entry = (subgroupSize: DeviceProfile['subgroupSize']): string | undefined =>
      entries(plan(g, { ...choices, device: { ...DEFAULT_PROFILE, subgroupSize } }))[0];
    expect(entry({ min: 8, max: 8 })).toBe('matmul_nt/broadcast');
    expect(entry({ min: 8, max: 32 })).toBe('matmul_nt/wide_small');
    expect(entry({ min: 16, max: 16 })).toBe('matmul_nt/wide_small');
    expect(entry(undefined)).toBe('matmul_nt/wide_small');
  });
});

describe('weightParts', () => {
  it('splits rows so that codes and scales fit a binding and a buffer', () => {
    const weight = new Tensor(0, { name: 'w', shape: [10, 64], role: 'weight', format: 'q4' });
    const parts = weightParts(weight, { ...DEFAULT_LIMITS, maxBindingBytes: 1000, maxBufferBytes: 4 * 32 });
    expect(parts).toEqual([
      { index: 0, firstRow: 0, rows: 4 },
      { index: 1, firstRow: 4, rows: 4 },
      { index: 2, firstRow: 8, rows: 2 },
    ]);
    expect(parts.map((part) => weightBufferName(weight, part, 'scales'))).toEqual([
      'weight/w/0/scales',
      'weight/w/1/scales',
      'weight/w/2/scales',
    ]);
    expect(() => weightParts(weight, { ...DEFAULT_LIMITS, maxBindingBytes: 31 })).toThrow(
      /one row of w\[10, 64\]: got 32 bytes, wanted at most 31/,
    );
  });
});

describe('assertNoReadWriteAliasing', () => {
  const planned = plan(chain(5));
  const [first, ...others] = planned.launches;
  if (first === undefined) throw new RangeError('a plan has launches');
  const rebound = (bindings: { buffer: string; offsetBytes: number; access: 'read' | 'read_write' }[]): Plan => ({
    ...planned,
    launches: [
      { ...first, bindings: bindings.map((each, binding) => ({ binding, sizeBytes: 256, ...each })) },
      ...others,
    ],
  });

  it.each([
    ['read and written', 512, 'read', true],
    ['written twice, at ranges that overlap', 128, 'read_write', true],
    ['written twice, at disjoint ranges', 256, 'read_write', false],
  ] as const)('a buffer that is %s', (_, offsetBytes, access, isRefused) => {
    const check = (): void =>
      assertNoReadWriteAliasing(
        rebound([
          { buffer: 'slab/0', offsetBytes: 0, access: 'read_write' },
          { buffer: 'slab/0', offsetBytes, access },
        ]),
      );
    if (isRefused) expect(check).toThrow(/'slab\/0' is written and bound again in one dispatch/);
    else expect(check).not.toThrow();
  });
});
