import type { WeightFormat } from '../../src/formats/quantize.ts';
import { DEFAULT_PROFILE, type DeviceProfile } from '../../src/gpu/device-profile.ts';
import { differentiate } from '../../src/graph/differentiate.ts';
import { Graph } from '../../src/graph/graph.ts';
import { readsOf, writesOf } from '../../src/graph/nodes.ts';
import type { LabelledRows } from '../../src/graph/labelled-rows.ts';
import type { GraphNode } from '../../src/graph/op.ts';
import type { Operand } from '../../src/graph/operand.ts';
import type { LinearWeights } from '../../src/graph/ops/linear.ts';
import { lowerNodes } from '../../src/graph/lower.ts';
import { Tensor } from '../../src/graph/tensor.ts';

/** A graph with what tests of single ops need around the op. */
export class OpGraph extends Graph {
  readonly #trained = new Set<string>();

  /** An activation without a gradient. */
  frozen(name: string, rows: number, cols: number): Tensor {
    return this.tensor({ name, shape: [rows, cols], role: 'activation' });
  }

  /** An activation that requires a gradient: the output of a trained layer, whose own nodes `backwardLines` leaves out. */
  trained(name: string, rows: number, cols: number): Tensor {
    this.#trained.add(name);
    return this.linear(this.frozen(`input of ${name}`, rows, 4), this.layer(name, cols, 4, 2));
  }

  weight(name: string, rows: number, cols: number, format: WeightFormat = 'f32'): Tensor {
    return this.tensor({ name, shape: [rows, cols], role: 'weight', format });
  }

  vector(name: string, size: number): Tensor {
    return this.tensor({ name, shape: [size], role: 'vector' });
  }

  words(name: string, ...shape: number[]): Tensor {
    return this.tensor({ name, shape, role: 'input', dtype: 'u32' });
  }

  /** A linear layer with an adapter, named `<name>.A` and `<name>.B`. */
  layer(name: string, rows: number, cols: number, rank: number, dropout = 0): LinearWeights {
    const param = (of: string, shape: number[]): Tensor =>
      this.tensor({ name: `${name}.${of}`, shape, role: 'param', requiresGrad: true });
    const lora = { a: param('A', [rank, cols]), b: param('B', [rows, rank]), scale: 2, dropout };
    return { weight: this.weight(name, rows, cols), lora };
  }

  /** The nodes so far but for those of trained inputs, as `nodeLine` writes them. */
  lines(nodes: readonly GraphNode[] = this.nodes): string[] {
    return nodes.map(nodeLine).filter((text) => ![...this.#trained].some((name) => text.includes(`${name}.h`)));
  }

  /** The nodes that the gradient of `output` adds, for an incoming gradient named `dy`. */
  backwardLines(output: Tensor): string[] {
    const seed = this.tensor({ name: 'dy', shape: output.shape, role: 'input' });
    const { forwardEnd } = differentiate(this, { output, seed, checkpoint: 'none' });
    return this.lines(this.nodes.slice(forwardEnd));
  }
}

/** What a node reads and writes: `op: x, weight -> y`. A tensor that overwrites another is written `y = x`. */
export function nodeLine(node: GraphNode): string {
  const written = ({ name, inPlaceOf }: Tensor): string =>
    inPlaceOf === undefined ? name : `${name} = ${inPlaceOf.name}`;
  const reads = readsOf(node).map(({ name }) => name);
  return `${node.op}: ${reads.join(', ')} -> ${writesOf(node).map(written).join(', ')}`;
}

/** A launch as text, `kernel/entry: operand=tensor, … -> operand=tensor`, with its overrides and parameters. */
export interface LaunchLine {
  readonly launch: string;
  readonly params: Readonly<Record<string, number>>;
  readonly rows: LabelledRows | undefined;
}

/** The launches that nodes become; by default on a GPU with the specification's limits. */
export function launchLines(nodes: readonly GraphNode[], device: DeviceProfile = DEFAULT_PROFILE): LaunchLine[] {
  const lowered = lowerNodes(nodes, { device, tilings: {}, firstScratchId: 0 });
  return lowered.map(({ launch, operands, rows }) => {
    const bound = (access: 'read' | 'read_write'): string =>
      launch.operands
        .filter((name) => launch.kernel.storage.get(name)?.access === access)
        .map((name) => `${name}=${operandName(operands[launch.aliases?.[name] ?? name])}`)
        .join(', ');
    const { kernel, entry } = launch;
    const text = `${kernel.name}/${entry}: ${bound('read')} -> ${bound('read_write')}`;
    return { launch: text, params: { ...launch.overrides, ...launch.params }, rows };
  });
}

function operandName(operand: Operand | undefined): string {
  if (operand === undefined) return 'nothing';
  if (operand instanceof Tensor) return operand.name;
  const { weight, part, of } = operand;
  return `${weight.name}[${part.firstRow}:${part.firstRow + part.rows}].${of}`;
}

/** A layer of [6, 8] with DoRA, from a graph whose nodes so far it adds to. */
export function doraLayer(g: OpGraph, bias = false): LinearWeights {
  const layer = g.layer('w', 6, 8, 2);
  if (layer.lora === undefined) throw new Error('unreachable');
  const { a, b, scale } = layer.lora;
  const magnitude = g.tensor({ name: 'w.m', shape: [1, 6], role: 'param', requiresGrad: true });
  const derived = g.doraScale({ weight: layer.weight, loraA: a, loraB: b, magnitude, scale, share: 1 });
  return {
    ...layer,
    ...(bias && { bias: g.vector('bias', 6) }),
    lora: { ...layer.lora, rowScale: { ...derived, magnitude } },
  };
}
