import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { Usage, type Gpu } from './gpu.ts';
import { defineKernel } from './kernel.ts';

const SIZE = 32;

/** c = a b, [SIZE][SIZE] each. */
const PRODUCT = defineKernel(
  'known_answer',
  /* wgsl */ `
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@compute @workgroup_size(8, 8)
fn product(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  for (var k = 0u; k < ${SIZE}u; k += 1u) {
    sum += a[id.y * ${SIZE}u + k] * b[k * ${SIZE}u + id.x];
  }
  c[id.y * ${SIZE}u + id.x] = sum;
}`,
);

/** Whole numbers from -8 to 8: all products and sums of them are exact in f32, in any order. */
function wholeNumbers(seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i * seed) % 17) - 8);
}

/**
 * Multiplies two small matrices of whole numbers, whose product is exact: a driver or a chip that computes wrongly is found
 * before anything is trained on it.
 * @throws `no-webgpu` where a value is wrong, so that another executor takes over where that is allowed
 */
export async function checkKnownAnswer(gpu: Gpu): Promise<void> {
  const [a, b] = [wholeNumbers(7), wholeNumbers(11)];
  const { pipeline, layout } = await gpu.pipelines.get({
    kernel: PRODUCT,
    entry: 'product',
    overrides: {},
    operands: ['a', 'b', 'c'],
  });
  const buffers = await gpu.allocate('a known-answer check', () => {
    const made = [
      gpu.uploadBuffer('a', a, Usage.storage),
      gpu.uploadBuffer('b', b, Usage.storage),
      gpu.createBuffer('c', SIZE * SIZE * 4, Usage.storage | Usage.copySrc),
    ] as const;
    return { made, destroy: () => made.forEach((buffer) => gpu.destroyBuffer(buffer)) };
  });
  try {
    const { error } = gpu.scoped('a known-answer check', () => {
      const entries = buffers.made.map((buffer, i) => ({ binding: i + 1, resource: { buffer } }));
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, gpu.device.createBindGroup({ layout, entries }));
      pass.dispatchWorkgroups(SIZE / 8, SIZE / 8);
      pass.end();
      gpu.device.queue.submit([encoder.finish()]);
    });
    const got = new Float32Array(await gpu.readBuffer(buffers.made[2], 0, SIZE * SIZE * 4));
    const failure = await error;
    if (failure !== undefined) throw failure;
    const wrong = got.filter((value, i) => value !== productAt(a, b, i)).length;
    if (wrong === 0) return;
    throw new WebLoraError('no-webgpu', 'the GPU computes wrongly', {
      got: `${wrong} wrong values of ${got.length} in a small matrix product`,
      wanted: 'none',
      fix: phrase`update the graphics driver or the browser, or use ${setting('device', 'cpu')}`,
    });
  } finally {
    buffers.destroy();
  }
}

function productAt(a: Float32Array, b: Float32Array, index: number): number {
  const [row, column] = [Math.floor(index / SIZE), index % SIZE];
  let sum = 0;
  for (let k = 0; k < SIZE; k += 1) sum += (a[row * SIZE + k] ?? NaN) * (b[k * SIZE + column] ?? NaN);
  return sum;
}
