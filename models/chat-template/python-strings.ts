import { Interpreter, type Environment } from '@huggingface/jinja';

type Statement = Parameters<Interpreter['evaluate']>[0];
type Value = ReturnType<Interpreter['evaluate']>;

/** A node of the syntax tree as far as a method call on a text shows: `object.strip(characters)`. */
interface MethodCall {
  readonly type: 'CallExpression';
  readonly args: readonly Statement[];
  readonly callee: {
    readonly type: string;
    readonly object?: Statement;
    readonly property?: { readonly type: string; readonly value?: unknown };
    readonly computed?: boolean;
  };
}

const STRIPS = new Map([
  ['strip', { left: true, right: true }],
  ['lstrip', { left: true, right: false }],
  ['rstrip', { left: false, right: true }],
]);

/**
 * The interpreter with Python's `strip(characters)`: @huggingface/jinja 0.5.11 takes off all white space whatever
 * characters are given, so that Qwen3's `content.lstrip('\\n')` would eat the answer's indentation.
 */
export class PythonStrings extends Interpreter {
  override evaluate(statement: Statement, environment: Environment): Value {
    const call = asStripCall(statement);
    if (call === undefined) return super.evaluate(statement, environment);
    const [text, characters] = [call.object, call.characters].map((node) => this.evaluate(node, environment));
    if (typeof text?.value !== 'string' || typeof characters?.value !== 'string') {
      return super.evaluate(statement, environment);
    }
    const value = strip(text.value, characters.value, call.sides);
    return super.evaluate({ type: 'StringLiteral', value } as unknown as Statement, environment);
  }
}

function asStripCall(
  statement: Statement,
): { object: Statement; characters: Statement; sides: { left: boolean; right: boolean } } | undefined {
  if (statement?.type !== 'CallExpression') return undefined;
  const { args, callee } = statement as unknown as MethodCall;
  const { object, property, computed } = callee;
  const [characters] = args;
  if (callee.type !== 'MemberExpression' || computed === true || args.length !== 1) return undefined;
  const sides = typeof property?.value === 'string' ? STRIPS.get(property.value) : undefined;
  return sides === undefined ? undefined : { object, characters, sides };
}

function strip(text: string, characters: string, { left, right }: { left: boolean; right: boolean }): string {
  const taken = new Set(characters);
  const all = Array.from(text);
  let start = 0;
  let end = all.length;
  while (left && start < end && taken.has(all[start] ?? '')) start += 1;
  while (right && end > start && taken.has(all[end - 1] ?? '')) end -= 1;
  return all.slice(start, end).join('');
}
