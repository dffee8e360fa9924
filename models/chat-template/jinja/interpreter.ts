import { getAttribute, getItem, getSlice } from './attributes.ts';
import { joinText, spend, withBudget } from './budget.ts';
import { fail } from './errors.ts';
import { applyFilter } from './filters.ts';
import type { CallArguments, Expression, MacroBody, Statement, Target } from './nodes.ts';
import { binary, compares, unary } from './operators.ts';
import { runTest } from './tests.ts';
import {
  Callable,
  dictKey,
  equals,
  integerOf,
  isTruthy,
  iterate,
  Namespace,
  PyRange,
  PyTuple,
  str,
  typeName,
  Undefined,
} from './values.ts';
import type { Args, DictKey, Value } from './values.ts';

/** Variables of a block; what is not there is looked for around it. */
class Scope {
  readonly #parent: Scope | undefined;
  readonly #values = new Map<string, Value>();

  constructor(parent?: Scope, values: Iterable<readonly [string, Value]> = []) {
    this.#parent = parent;
    for (const [name, value] of values) this.#values.set(name, value);
  }

  get(name: string): Value {
    const value = this.#values.get(name);
    if (value !== undefined) return value;
    return this.#parent === undefined ? new Undefined(`'${name}' is undefined`) : this.#parent.get(name);
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}

class LoopControl extends Error {
  readonly kind: 'break' | 'continue';
  constructor(kind: 'break' | 'continue') {
    super(kind);
    this.kind = kind;
  }
}

const fn = (name: string, call: (args: Args) => Value): readonly [string, Value] => [name, new Callable(name, call)];

/** What every template of Jinja2 has. */
const GLOBALS: readonly (readonly [string, Value])[] = [
  fn('range', ({ positional }) => {
    const [first = 0, second, third] = positional.map((value) => integerOf(value, 'range()'));
    if (positional.length === 0) fail('range expected at least 1 argument, got 0');
    return second === undefined ? new PyRange(0, first, 1) : new PyRange(first, second, third ?? 1);
  }),
  fn('dict', ({ positional, named }) => new Map([...entriesOf(positional[0]), ...named])),
  fn('namespace', ({ positional, named }) => {
    const entries = Array.from(entriesOf(positional[0]), ([key, value]): [string, Value] => [String(key), value]);
    return new Namespace(new Map([...entries, ...named]));
  }),
  fn('joiner', ({ positional }) => {
    const [separator = ', '] = positional;
    let isUsed = false;
    return new Callable('joiner', () => {
      const said = isUsed ? str(separator) : '';
      isUsed = true;
      return said;
    });
  }),
];

function entriesOf(given: Value | undefined): Iterable<readonly [DictKey, Value]> {
  if (given === undefined) return [];
  if (given instanceof Map) return given;
  return iterate(given).map((pair) => {
    const [key = null, value = null] = iterate(pair);
    return [dictKey(key), value] as const;
  });
}

/** Characters of all texts in a value that came from JSON. */
function charactersIn(value: Value): number {
  if (typeof value === 'string') return value.length;
  if (!Array.isArray(value) && !(value instanceof Map)) return 0;
  let sum = 0;
  for (const inner of value.values()) sum += charactersIn(inner);
  return sum;
}

export interface RenderOptions {
  readonly variables: ReadonlyMap<string, Value>;
  /** Written around the text of `{% generation %}` blocks. */
  readonly generationMarks?: readonly [open: string, close: string];
}

/**
 * Runs a parsed template as Jinja2 does: Python's values and operators, scopes of blocks, loops and macros.
 * @throws TemplateRuntimeError, TemplateRefusal
 */
export function renderTemplate(body: readonly Statement[], { variables, generationMarks }: RenderOptions): string {
  const globals = new Scope(new Scope(undefined, GLOBALS), variables);
  const given = [...variables.values()].reduce<number>((sum, value) => sum + charactersIn(value), 0);
  return withBudget(given, () => new Interpreter(generationMarks ?? ['', '']).block(body, globals));
}

class Interpreter {
  readonly #marks: readonly [open: string, close: string];

  constructor(marks: readonly [open: string, close: string]) {
    this.#marks = marks;
  }

  block(body: readonly Statement[], scope: Scope): string {
    const out: string[] = [];
    this.#run(body, scope, out);
    return joinText(out);
  }

  // What is written goes to `out` at once, so that a `break` keeps what was said before it.
  #run(body: readonly Statement[], scope: Scope, out: string[]): void {
    for (const statement of body) this.#statement(statement, scope, out);
  }

  #statement(node: Statement, scope: Scope, out: string[]): void {
    spend();
    switch (node.type) {
      case 'text':
        out.push(node.text);
        return;
      case 'print':
        out.push(str(this.#value(node.value, scope)));
        return;
      case 'if': {
        const branch = node.branches.find(({ test }) => isTruthy(this.#value(test, scope)));
        this.#run(branch?.body ?? node.otherwise, scope, out);
        return;
      }
      case 'for':
        this.#for(node, this.#value(node.iterable, scope), scope, out, 0);
        return;
      case 'set':
        this.#assign(node.target, this.#value(node.value, scope), scope);
        return;
      case 'set-block': {
        const text = this.block(node.body, new Scope(scope));
        this.#assign(node.target, node.filter === undefined ? text : this.#filtered(node.filter, text, scope), scope);
        return;
      }
      case 'macro':
        scope.set(node.macro.name, this.#macro(node.macro, scope));
        return;
      case 'call-block': {
        const caller = this.#macro(node.macro, scope);
        const { positional, named } = this.#arguments(node.call.args, scope);
        out.push(
          str(this.#call(node.call.callee, { positional, named: new Map([...named, ['caller', caller]]) }, scope)),
        );
        return;
      }
      case 'filter-block':
        out.push(str(this.#filtered(node.filter, this.block(node.body, new Scope(scope)), scope)));
        return;
      case 'with': {
        const values = node.bindings.map(({ target, value }) => [target, this.#value(value, scope)] as const);
        const inner = new Scope(scope);
        for (const [target, value] of values) this.#assign(target, value, inner);
        this.#run(node.body, inner, out);
        return;
      }
      case 'generation':
        out.push(this.#marks[0], this.block(node.body, new Scope(scope)), this.#marks[1]);
        return;
      default:
        throw new LoopControl(node.type);
    }
  }

  #for(node: Statement & { readonly type: 'for' }, given: Value, scope: Scope, out: string[], depth: number): void {
    let items = iterate(given);
    const { test, target } = node;
    if (test !== undefined) {
      items = items.filter((item) => {
        const inner = new Scope(scope);
        this.#assign(target, item, inner);
        return isTruthy(this.#value(test, inner));
      });
    }
    let lastSeen: readonly Value[] | undefined;
    const recurse = (args: Args): Value => {
      if (!node.isRecursive) return fail("The loop must have the 'recursive' marker to be called recursively.");
      const inner: string[] = [];
      this.#for(node, args.positional[0] ?? null, scope, inner, depth + 1);
      return joinText(inner);
    };
    for (const [i, item] of items.entries()) {
      spend(5);
      const inner = new Scope(scope);
      const attributes = new Map<string, Value>([
        ['index', i + 1],
        ['index0', i],
        ['revindex', items.length - i],
        ['revindex0', items.length - i - 1],
        ['first', i === 0],
        ['last', i === items.length - 1],
        ['length', items.length],
        ['depth', depth + 1],
        ['depth0', depth],
        ['previtem', i === 0 ? new Undefined('there is no previous item') : (items[i - 1] ?? null)],
        ['nextitem', i === items.length - 1 ? new Undefined('there is no next item') : (items[i + 1] ?? null)],
        fn('cycle', ({ positional }) => {
          if (positional.length === 0) return fail('no items for cycling given');
          return positional[i % positional.length] ?? null;
        }),
        fn('changed', ({ positional }) => {
          const before = lastSeen;
          lastSeen = positional;
          return before === undefined || !equals([...before], [...positional]);
        }),
      ]);
      this.#assign(target, item, inner);
      inner.set('loop', new Callable('loop', recurse, attributes));
      try {
        this.#run(node.body, inner, out);
      } catch (thrown) {
        if (!(thrown instanceof LoopControl)) throw thrown;
        if (thrown.kind === 'break') break;
      }
    }
    if (items.length === 0) this.#run(node.otherwise, new Scope(scope), out);
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.type === 'name') {
      scope.set(target.name, value);
      return;
    }
    if (target.type === 'member') {
      const object = scope.get(target.object);
      if (!(object instanceof Namespace)) fail('cannot assign attribute on non-namespace object');
      else object.attributes.set(target.name, value);
      return;
    }
    const items = iterate(value);
    if (items.length < target.items.length)
      fail(`not enough values to unpack (expected ${target.items.length}, got ${items.length})`);
    if (items.length > target.items.length) fail(`too many values to unpack (expected ${target.items.length})`);
    for (const [i, each] of target.items.entries()) this.#assign(each, items[i] ?? null, scope);
  }

  #macro({ name, parameters, body }: MacroBody, scope: Scope): Callable {
    const takes = new Set(['caller', 'kwargs', 'varargs'].filter((variable) => usesName(body, variable)));
    const shown = name ?? 'None';
    return new Callable(shown, ({ positional, named }) => {
      const inner = new Scope(scope);
      const rest = new Map(named);
      const values = parameters.map((parameter, i): Value | undefined => {
        const value = i < positional.length ? positional[i] : rest.get(parameter.name);
        if (i >= positional.length) rest.delete(parameter.name);
        // Every parameter hides what is around the macro, also from the defaults.
        inner.set(
          parameter.name,
          value === undefined ? new Undefined(`parameter '${parameter.name}' was not provided`) : value,
        );
        return value;
      });
      if (takes.has('caller') && !parameters.some((parameter) => parameter.name === 'caller')) {
        inner.set('caller', rest.get('caller') ?? new Undefined('No caller defined'));
        rest.delete('caller');
      }
      if (takes.has('kwargs')) inner.set('kwargs', new Map(rest));
      else if (rest.size > 0) fail(`macro '${shown}' takes no keyword argument '${[...rest.keys()].join(', ')}'`);
      if (takes.has('varargs')) inner.set('varargs', new PyTuple(positional.slice(parameters.length)));
      else if (positional.length > parameters.length)
        fail(`macro '${shown}' takes not more than ${parameters.length} argument(s)`);
      for (const [i, { name: parameter, fallback }] of parameters.entries()) {
        if (values[i] === undefined && fallback !== undefined) inner.set(parameter, this.#value(fallback, inner));
      }
      return this.block(body, inner);
    });
  }

  #filtered(node: Expression, text: string, scope: Scope): Value {
    if (node.type !== 'filter') return fail('a block is filtered by filters only');
    const value = node.operand === undefined ? text : this.#filtered(node.operand, text, scope);
    return applyFilter(node.name, value, this.#arguments(node.args, scope));
  }

  #arguments({ positional, named, spread, namedSpread }: CallArguments, scope: Scope): Args {
    const list = positional.map((each) => this.#value(each, scope));
    if (spread !== undefined) list.push(...iterate(this.#value(spread, scope)));
    const names = new Map<string, Value>();
    for (const { name, value } of named) {
      if (names.has(name)) fail(`keyword argument repeated: ${name}`);
      names.set(name, this.#value(value, scope));
    }
    if (namedSpread !== undefined) {
      for (const [key, value] of entriesOf(this.#value(namedSpread, scope))) names.set(String(key), value);
    }
    return { positional: list, named: names };
  }

  #call(callee: Expression, args: Args, scope: Scope): Value {
    const called = this.#value(callee, scope);
    if (called instanceof Callable) return called.call(args);
    if (called instanceof Undefined) return called.fail();
    return fail(`'${typeName(called)}' object is not callable`);
  }

  #value(node: Expression, scope: Scope): Value {
    spend();
    switch (node.type) {
      case 'const':
        return node.value;
      case 'name':
        return scope.get(node.name);
      case 'list':
        return node.items.map((item) => this.#value(item, scope));
      case 'tuple':
        return new PyTuple(node.items.map((item) => this.#value(item, scope)));
      case 'dict':
        return new Map(
          node.entries.map(([key, value]) => [dictKey(this.#value(key, scope)), this.#value(value, scope)] as const),
        );
      case 'unary': {
        const operand = this.#value(node.operand, scope);
        return node.operator === 'not' ? !isTruthy(operand) : unary(node.operator, operand);
      }
      case 'binary':
        return binary(node.operator, this.#value(node.left, scope), this.#value(node.right, scope));
      case 'logic': {
        const left = this.#value(node.left, scope);
        return isTruthy(left) === (node.operator === 'or') ? left : this.#value(node.right, scope);
      }
      case 'concat':
        return joinText(node.parts.map((part) => str(this.#value(part, scope))));
      case 'compare': {
        let left = this.#value(node.first, scope);
        for (const { operator, operand } of node.rest) {
          const right = this.#value(operand, scope);
          if (!compares(operator, left, right)) return false;
          left = right;
        }
        return true;
      }
      case 'condition':
        if (isTruthy(this.#value(node.test, scope))) return this.#value(node.then, scope);
        if (node.otherwise !== undefined) return this.#value(node.otherwise, scope);
        return new Undefined('the inline if-expression evaluated to false and no else section was defined.');
      case 'attribute':
        return getAttribute(this.#value(node.object, scope), node.name);
      case 'item': {
        const object = this.#value(node.object, scope);
        if (node.key.type !== 'slice') return getItem(object, this.#value(node.key, scope));
        const { start, stop, step } = node.key;
        const part = (each: Expression | undefined): Value => (each === undefined ? null : this.#value(each, scope));
        return getSlice(object, [part(start), part(stop), part(step)]);
      }
      case 'slice':
        return fail('a slice outside of brackets');
      case 'call':
        return this.#call(node.callee, this.#arguments(node.args, scope), scope);
      case 'filter': {
        if (node.operand === undefined) return fail('a filter without a value');
        const value = this.#value(node.operand, scope);
        return applyFilter(node.name, value, this.#arguments(node.args, scope));
      }
      case 'test':
        return runTest(node.name, this.#value(node.operand, scope), this.#arguments(node.args, scope).positional);
      default:
        return node satisfies never;
    }
  }
}

/** Whether a variable is read anywhere below a node: what decides if a macro takes more arguments than it names. */
function usesName(node: unknown, name: string): boolean {
  if (Array.isArray(node)) return node.some((each) => usesName(each, name));
  if (typeof node !== 'object' || node === null) return false;
  const { type, name: own } = node as { type?: unknown; name?: unknown };
  if (type === 'name' && own === name) return true;
  return Object.values(node).some((each) => usesName(each, name));
}
