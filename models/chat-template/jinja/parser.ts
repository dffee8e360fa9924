import { TemplateSyntaxError } from './errors.ts';
import { tokenize } from './lexer.ts';
import type { Token, TokenKind } from './lexer.ts';
import type { Argument, CallArguments, Expression, MacroBody, Parameter, Statement, Target } from './nodes.ts';
import { PyFloat } from './values.ts';

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);
/** Statements of Jinja2 that make sense in a file of templates only, or that transformers does not switch on. */
const REFUSED = new Set(['include', 'import', 'from', 'extends', 'block', 'autoescape', 'do', 'trans', 'debug']);
const NO_ARGUMENTS: CallArguments = { positional: [], named: [] };

/**
 * Parses a chat template: Jinja2's grammar with its loop controls and transformers' `{% generation %}`.
 * Source: Jinja2 3.1, parser.py.
 * @throws TemplateSyntaxError
 */
export function parseTemplate(source: string): Statement[] {
  return new Parser(tokenize(source)).template();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  template(): Statement[] {
    const body = this.#body([]);
    if (this.#token !== undefined) this.#fail('unexpected tag');
    return body;
  }

  get #token(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #fail(message: string): never {
    const token = this.#token ?? this.#tokens.at(-1);
    const found = this.#token === undefined ? 'the end' : `'${token?.text || token?.kind || ''}'`;
    throw new TemplateSyntaxError(`line ${token?.line ?? 1}: ${message}, found ${found}`);
  }

  #is(kind: TokenKind, text?: string, ahead = 0): boolean {
    const token = this.#tokens[this.#at + ahead];
    return token?.kind === kind && (text === undefined || token.text === text);
  }

  #op(text: string): boolean {
    return this.#is('op', text);
  }

  #skip(kind: TokenKind, text?: string): boolean {
    if (!this.#is(kind, text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(kind: TokenKind, text?: string): Token {
    const token = this.#token;
    if (token === undefined || !this.#is(kind, text)) this.#fail(`expected ${text === undefined ? kind : `'${text}'`}`);
    this.#at += 1;
    return token;
  }

  #name(): string {
    const { text } = this.#expect('name');
    if (/^\d/.test(text)) this.#fail(`expected a name instead of ${text}`);
    return text;
  }

  // Statements

  /** Statements up to a tag of one of these names, which is not consumed. */
  #body(ends: readonly string[]): Statement[] {
    const body: Statement[] = [];
    for (let token = this.#token; token !== undefined; token = this.#token) {
      if (this.#skip('data')) body.push({ type: 'text', text: token.text });
      else if (this.#skip('variable-begin')) {
        body.push({ type: 'print', value: this.#tuple() });
        this.#expect('variable-end');
      } else {
        if (this.#is('name', undefined, 1) && ends.includes(this.#tokens[this.#at + 1]?.text ?? '')) return body;
        this.#expect('block-begin');
        body.push(this.#statement());
        this.#expect('block-end');
      }
    }
    if (ends.length > 0) this.#fail(`a block that is not closed, expected ${ends.join(' or ')}`);
    return body;
  }

  /** The body of a block behind its head, and its end tag but for the closing `%}`. */
  #block(end: string): Statement[] {
    this.#expect('block-end');
    const body = this.#body([end]);
    this.#expect('block-begin');
    this.#expect('name', end);
    return body;
  }

  #statement(): Statement {
    const name = this.#name();
    switch (name) {
      case 'if':
        return this.#if();
      case 'for':
        return this.#for();
      case 'set':
        return this.#set();
      case 'macro': {
        const macro = this.#name();
        const parameters = this.#parameters();
        return { type: 'macro', macro: { name: macro, parameters, body: this.#block('endmacro') } };
      }
      case 'call':
        return this.#callBlock();
      case 'filter': {
        const filter = this.#filters(undefined, true);
        if (filter === undefined) this.#fail('expected a filter');
        return { type: 'filter-block', filter, body: this.#block('endfilter') };
      }
      case 'with':
        return this.#with();
      case 'generation':
        return { type: 'generation', body: this.#block('endgeneration') };
      case 'break':
      case 'continue':
        return { type: name };
      default:
        if (REFUSED.has(name)) this.#fail(`{% ${name} %} is not for chat templates`);
        return this.#fail(`unknown tag '${name}'`);
    }
  }

  #if(): Statement {
    const branches: { test: Expression; body: Statement[] }[] = [];
    let otherwise: Statement[] = [];
    for (;;) {
      const test = this.#tuple({ withCondition: false });
      this.#expect('block-end');
      branches.push({ test, body: this.#body(['elif', 'else', 'endif']) });
      this.#expect('block-begin');
      if (this.#skip('name', 'elif')) continue;
      if (this.#skip('name', 'else')) otherwise = this.#block('endif');
      else this.#expect('name', 'endif');
      return { type: 'if', branches, otherwise };
    }
  }

  #for(): Statement {
    const target = this.#target(['in']);
    this.#expect('name', 'in');
    const iterable = this.#tuple({ withCondition: false, ends: ['recursive'] });
    const test = this.#skip('name', 'if') ? this.#expression() : undefined;
    const isRecursive = this.#skip('name', 'recursive');
    this.#expect('block-end');
    const body = this.#body(['endfor', 'else']);
    this.#expect('block-begin');
    let otherwise: Statement[] = [];
    if (this.#skip('name', 'else')) otherwise = this.#block('endfor');
    else this.#expect('name', 'endfor');
    return { type: 'for', target, iterable, test, isRecursive, body, otherwise };
  }

  #set(): Statement {
    const target = this.#target([], true);
    if (this.#skip('op', '=')) return { type: 'set', target, value: this.#tuple() };
    const filter = this.#filters(undefined, false);
    return { type: 'set-block', target, filter, body: this.#block('endset') };
  }

  #callBlock(): Statement {
    const parameters = this.#op('(') ? this.#parameters() : [];
    const call = this.#expression();
    if (call.type !== 'call') return this.#fail('expected a call');
    const macro: MacroBody = { name: undefined, parameters, body: this.#block('endcall') };
    return { type: 'call-block', call, macro };
  }

  #with(): Statement {
    const bindings: { target: Target; value: Expression }[] = [];
    while (!this.#is('block-end')) {
      if (bindings.length > 0) this.#expect('op', ',');
      const target = this.#target([]);
      this.#expect('op', '=');
      bindings.push({ target, value: this.#expression() });
    }
    return { type: 'with', bindings, body: this.#block('endwith') };
  }

  #parameters(): Parameter[] {
    const parameters: Parameter[] = [];
    this.#expect('op', '(');
    while (!this.#op(')')) {
      if (parameters.length > 0) this.#expect('op', ',');
      if (this.#op(')')) break;
      const name = this.#name();
      const fallback = this.#skip('op', '=') ? this.#expression() : undefined;
      if (fallback === undefined && parameters.at(-1)?.fallback !== undefined)
        this.#fail('a parameter without a default after one with a default');
      parameters.push({ name, fallback });
    }
    this.#expect('op', ')');
    return parameters;
  }

  #target(ends: readonly string[], withMember = false): Target {
    if (withMember && this.#is('op', '.', 1)) {
      const object = this.#name();
      this.#expect('op', '.');
      return { type: 'member', object, name: this.#name() };
    }
    const asTarget = (expression: Expression): Target => {
      if (expression.type === 'name') return expression;
      if (expression.type === 'tuple') return { type: 'tuple', items: expression.items.map(asTarget) };
      return this.#fail(`cannot assign to a ${expression.type}`);
    };
    return asTarget(this.#tuple({ simplified: true, ends }));
  }

  // Expressions, loosest binding first

  #expression(withCondition = true): Expression {
    if (!withCondition) return this.#or();
    let expression = this.#or();
    while (this.#skip('name', 'if')) {
      const test = this.#or();
      const otherwise = this.#skip('name', 'else') ? this.#expression() : undefined;
      expression = { type: 'condition', test, then: expression, otherwise };
    }
    return expression;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#skip('name', 'or')) left = { type: 'logic', operator: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#skip('name', 'and')) left = { type: 'logic', operator: 'and', left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    if (this.#skip('name', 'not')) return { type: 'unary', operator: 'not', operand: this.#not() };
    return this.#comparison();
  }

  #comparison(): Expression {
    const first = this.#sum();
    const rest: { operator: string; operand: Expression }[] = [];
    for (;;) {
      const token = this.#token;
      if (token?.kind === 'op' && COMPARISONS.has(token.text)) {
        this.#at += 1;
        rest.push({ operator: token.text, operand: this.#sum() });
      } else if (this.#skip('name', 'in')) rest.push({ operator: 'in', operand: this.#sum() });
      else if (this.#is('name', 'not') && this.#is('name', 'in', 1)) {
        this.#at += 2;
        rest.push({ operator: 'not in', operand: this.#sum() });
      } else break;
    }
    return rest.length === 0 ? first : { type: 'compare', first, rest };
  }

  #operators(operand: () => Expression, operators: readonly string[]): Expression {
    let left = operand();
    for (let token = this.#token; token?.kind === 'op' && operators.includes(token.text); token = this.#token) {
      this.#at += 1;
      left = { type: 'binary', operator: token.text, left, right: operand() };
    }
    return left;
  }

  #sum(): Expression {
    return this.#operators(() => this.#concat(), ['+', '-']);
  }

  #concat(): Expression {
    const parts = [this.#product()];
    while (this.#skip('op', '~')) parts.push(this.#product());
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { type: 'concat', parts };
  }

  #product(): Expression {
    // Jinja2's ** is left-associative.
    return this.#operators(() => this.#operators(() => this.#unary(), ['**']), ['*', '/', '//', '%']);
  }

  #unary(withFilter = true): Expression {
    let node: Expression;
    if (this.#op('-') || this.#op('+')) {
      const operator = this.#expect('op').text === '-' ? '-' : '+';
      node = { type: 'unary', operator, operand: this.#unary(false) };
    } else node = this.#primary();
    node = this.#postfix(node);
    return withFilter ? this.#filtered(node) : node;
  }

  #primary(): Expression {
    const token = this.#token;
    if (token === undefined) return this.#fail('expected an expression');
    this.#at += 1;
    switch (token.kind) {
      case 'name':
        if (/^(?:true|True)$/.test(token.text)) return { type: 'const', value: true };
        if (/^(?:false|False)$/.test(token.text)) return { type: 'const', value: false };
        if (/^(?:none|None)$/.test(token.text)) return { type: 'const', value: null };
        return { type: 'name', name: token.text };
      case 'string': {
        let { text } = token;
        while (this.#is('string')) text += this.#expect('string').text;
        return { type: 'const', value: text };
      }
      case 'int':
        return { type: 'const', value: this.#integer(token.text) };
      case 'float':
        return { type: 'const', value: new PyFloat(Number(token.text)) };
      default:
        if (token.kind === 'op' && token.text === '(') {
          const inner = this.#tuple({ inParentheses: true });
          this.#expect('op', ')');
          return inner;
        }
        if (token.kind === 'op' && token.text === '[') return { type: 'list', items: this.#list(']') };
        if (token.kind === 'op' && token.text === '{') return this.#dict();
        this.#at -= 1;
        return this.#fail('expected an expression');
    }
  }

  #integer(text: string): number {
    const value = Number(text.toLowerCase());
    if (!Number.isSafeInteger(value)) this.#fail(`the number ${text} is too large`);
    return value;
  }

  #list(end: string): Expression[] {
    const items: Expression[] = [];
    while (!this.#op(end)) {
      if (items.length > 0) this.#expect('op', ',');
      if (this.#op(end)) break;
      items.push(this.#expression());
    }
    this.#expect('op', end);
    return items;
  }

  #dict(): Expression {
    const entries: [Expression, Expression][] = [];
    while (!this.#op('}')) {
      if (entries.length > 0) this.#expect('op', ',');
      if (this.#op('}')) break;
      const key = this.#expression();
      this.#expect('op', ':');
      entries.push([key, this.#expression()]);
    }
    this.#expect('op', '}');
    return { type: 'dict', entries };
  }

  /** One expression, or several with commas between, which make a tuple. */
  #tuple({
    simplified = false,
    withCondition = true,
    inParentheses = false,
    ends = [] as readonly string[],
  } = {}): Expression {
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) this.#expect('op', ',');
      const isEnd =
        this.#token === undefined ||
        this.#is('variable-end') ||
        this.#is('block-end') ||
        this.#op(')') ||
        ends.some((end) => this.#is('name', end));
      if (isEnd) break;
      items.push(simplified ? this.#primary() : this.#expression(withCondition));
      if (!this.#op(',')) break;
      isTuple = true;
    }
    const [only] = items;
    if (!isTuple && only !== undefined) return only;
    if (!isTuple && !inParentheses) this.#fail('expected an expression');
    return { type: 'tuple', items };
  }

  #postfix(object: Expression): Expression {
    let node = object;
    for (;;) {
      if (this.#op('.') || this.#op('[')) node = this.#subscript(node);
      else if (this.#op('(')) node = { type: 'call', callee: node, args: this.#arguments() };
      else return node;
    }
  }

  #filtered(object: Expression): Expression {
    let node = object;
    for (;;) {
      if (this.#op('|')) node = this.#filters(node, false) ?? node;
      else if (this.#is('name', 'is')) node = this.#test(node);
      else if (this.#op('(')) node = { type: 'call', callee: node, args: this.#arguments() };
      else return node;
    }
  }

  #subscript(object: Expression): Expression {
    if (this.#skip('op', '.')) {
      if (this.#is('int'))
        return { type: 'item', object, key: { type: 'const', value: this.#integer(this.#expect('int').text) } };
      return { type: 'attribute', object, name: this.#name() };
    }
    this.#expect('op', '[');
    const keys: Expression[] = [];
    while (!this.#op(']')) {
      if (keys.length > 0) this.#expect('op', ',');
      keys.push(this.#subscribed());
    }
    this.#expect('op', ']');
    const [only] = keys;
    if (only === undefined) this.#fail('expected a subscript');
    return { type: 'item', object, key: keys.length === 1 ? only : { type: 'tuple', items: keys } };
  }

  #subscribed(): Expression {
    const start = this.#op(':') ? undefined : this.#expression();
    if (start !== undefined && !this.#op(':')) return start;
    this.#expect('op', ':');
    const part = (): Expression | undefined =>
      this.#op(':') || this.#op(']') || this.#op(',') ? undefined : this.#expression();
    const stop = part();
    const step = this.#skip('op', ':') ? part() : undefined;
    return { type: 'slice', start, stop, step };
  }

  /** Filters behind `operand`, or behind what a block captures; undefined where there is none. */
  #filters(operand: Expression | undefined, isInline: boolean): Expression | undefined {
    let node = operand;
    let mayStart = isInline;
    while (mayStart || this.#skip('op', '|')) {
      mayStart = false;
      let name = this.#name();
      while (this.#skip('op', '.')) name += `.${this.#name()}`;
      const args = this.#op('(') ? this.#arguments() : NO_ARGUMENTS;
      node = { type: 'filter', operand: node, name, args };
    }
    return node;
  }

  #test(operand: Expression): Expression {
    this.#expect('name', 'is');
    const isNegated = this.#skip('name', 'not');
    let name = this.#name();
    while (this.#skip('op', '.')) name += `.${this.#name()}`;
    let args = NO_ARGUMENTS;
    const token = this.#token;
    if (this.#op('(')) args = this.#arguments();
    else if (
      token !== undefined &&
      (['name', 'string', 'int', 'float'].includes(token.kind) || this.#op('[') || this.#op('{')) &&
      !(token.kind === 'name' && ['else', 'or', 'and'].includes(token.text))
    ) {
      // Words that go on after a test, which Jinja2 would take for its argument only to fail.
      if (token.kind === 'name' && token.text === 'is') this.#fail('tests cannot be chained');
      if (!(token.kind === 'name' && ['if', 'in', 'not', 'recursive'].includes(token.text)))
        args = { positional: [this.#postfix(this.#primary())], named: [] };
    }
    const test: Expression = { type: 'test', operand, name, args };
    return isNegated ? { type: 'unary', operator: 'not', operand: test } : test;
  }

  #arguments(): CallArguments {
    this.#expect('op', '(');
    const positional: Expression[] = [];
    const named: Argument[] = [];
    let spread: Expression | undefined;
    let namedSpread: Expression | undefined;
    let isFirst = true;
    while (!this.#op(')')) {
      if (!isFirst) this.#expect('op', ',');
      isFirst = false;
      if (this.#op(')')) break;
      if (namedSpread !== undefined) this.#fail('an argument after **');
      if (this.#skip('op', '**')) namedSpread = this.#expression();
      else if (this.#skip('op', '*')) {
        if (spread !== undefined) this.#fail('a second *');
        spread = this.#expression();
      } else if (this.#is('name') && this.#is('op', '=', 1)) {
        const name = this.#name();
        this.#expect('op', '=');
        named.push({ name, value: this.#expression() });
      } else {
        if (named.length > 0 || spread !== undefined) this.#fail('a positional argument after a named one');
        positional.push(this.#expression());
      }
    }
    this.#expect('op', ')');
    return { positional, named, ...(spread && { spread }), ...(namedSpread && { namedSpread }) };
  }
}
