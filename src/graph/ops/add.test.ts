import { describe, expect, it } from 'vitest';
import { launchLines, OpGraph } from '../../../test/harness/op-graph.ts';

describe('add', () => {
  it('takes two tensors of one shape', () => {
    const g = new OpGraph();
    const a = g.frozen('a', 5, 3);
    expect(g.add(a, g.frozen('b', 5, 3)).shape).toEqual([5, 3]);
    expect(g.lines()).toEqual(['add: a, b -> sum']);
    expect(launchLines(g.nodes)).toMatchObject([{ launch: 'add/sum: a=a, b=b -> y=sum', params: { count: 15 } }]);
    expect(() => g.add(a, g.frozen('b', 3, 5))).toThrow(/add: b must be \[5, 3\]: got b\[3, 5\]/);
  });

  it('hands its gradient on to both as it is', () => {
    const g = new OpGraph();
    const y = g.add(g.gelu(g.trained('a', 5, 3)), g.gelu(g.trained('b', 5, 3)));
    expect(g.backwardLines(y)).toEqual(['gelu_backward: b, dy -> d b', 'gelu_backward: a, dy -> d a']);
  });

  it('adds to the gradient that another consumer passed back', () => {
    const g = new OpGraph();
    const x = g.trained('x', 5, 3);
    const y = g.add(g.gelu(g.add(x, g.frozen('b', 5, 3))), g.gelu(x));
    expect(g.backwardLines(y)).toEqual([
      'gelu_backward: x, dy -> d x',
      'gelu_backward: sum, dy -> d sum',
      'accumulate: d x, d sum -> d x = d x',
    ]);
    expect(launchLines(g.nodes.filter(({ op }) => op === 'accumulate'))).toMatchObject([
      { launch: 'add/sum_in_place: b=d sum -> into=d x', params: { count: 15 } },
    ]);
  });
});
