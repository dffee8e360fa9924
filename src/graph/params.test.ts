import { describe, expect, it } from 'vitest';
import { ParamLayout, paramStride } from './params.ts';
import { Tensor } from './tensor.ts';

let id = 0;
const param = (name: string, rows: number, cols: number): Tensor =>
  new Tensor(id++, { name, shape: [rows, cols], role: 'param' });

const layout = new ParamLayout([
  { name: 'A', lrScale: 1, weightDecay: 0, tensors: [param('first.A', 2, 5), param('second.A', 2, 32)] },
  { name: 'B', lrScale: 16, weightDecay: 0.01, tensors: [param('first.B', 70, 2)] },
]);

describe('ParamLayout', () => {
  it('pads rows to four floats and tensors to 256 bytes', () => {
    expect([1, 4, 5].map(paramStride)).toEqual([4, 4, 8]);
    expect([...layout.params.values()]).toEqual([
      { name: 'first.A', rows: 2, cols: 5, stride: 8, offset: 0 },
      { name: 'second.A', rows: 2, cols: 32, stride: 32, offset: 64 },
      { name: 'first.B', rows: 70, cols: 2, stride: 4, offset: 128 },
    ]);
    expect(layout.count).toBe(128 + 320);
    expect(layout.bytes).toBe(layout.count * 4);
  });

  it('keeps each group in one run, so that an optimizer step is one dispatch for it', () => {
    expect(layout.groups).toEqual([
      { name: 'A', lrScale: 1, weightDecay: 0, offset: 0, count: 128 },
      { name: 'B', lrScale: 16, weightDecay: 0.01, offset: 128, count: 320 },
    ]);
  });

  it('gives the range of a matrix in any buffer of this layout', () => {
    expect(layout.range('gradients', 'second.A')).toEqual({ buffer: 'gradients', offsetBytes: 256, bytes: 256 });
    expect(layout.range('params', 'first.B')).toEqual({ buffer: 'params', offsetBytes: 512, bytes: 70 * 16 });
  });

  it('writes and reads dense matrices, and leaves the padding at zero', () => {
    const flat = new Float32Array(layout.count);
    const values = Float32Array.from({ length: 10 }, (_, i) => i + 1);
    layout.write(flat, 'first.A', values);
    expect([...flat.subarray(0, 16)]).toEqual([1, 2, 3, 4, 5, 0, 0, 0, 6, 7, 8, 9, 10, 0, 0, 0]);
    expect(flat.subarray(16)).toEqual(new Float32Array(layout.count - 16));
    expect(layout.read(flat, 'first.A')).toEqual(values);
  });

  it('refuses a name twice, an unknown name and values of another shape', () => {
    const twice = [param('x', 1, 4), param('x', 1, 4)];
    expect(() => new ParamLayout([{ name: 'A', lrScale: 1, weightDecay: 0, tensors: twice }])).toThrow(
      /parameter 'x' appears twice/,
    );
    expect(() => layout.range('params', 'third.A')).toThrow(/no parameter 'third.A'/);
    expect(() => layout.write(new Float32Array(layout.count), 'first.A', new Float32Array(9))).toThrow(
      /parameter 'first.A': got 9 values, wanted 2 x 5/,
    );
  });
});
