import { TemplateSyntaxError } from './errors.ts';

export type TokenKind =
  'data' | 'variable-begin' | 'variable-end' | 'block-begin' | 'block-end' | 'name' | 'string' | 'int' | 'float' | 'op';

export interface Token {
  readonly kind: TokenKind;
  /** The text of data, strings and names, unescaped; of other tokens as written. */
  readonly text: string;
  readonly line: number;
}

const BEGIN = /\{%([-+]?)\s*raw\s*(-%\}\s*|%\})|\{([%{#])([-+]?)/g;
const COMMENT_END = /\+#\}|-#\}\s*|#\}\n?/g;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)/g;
const BLOCK_END = /\+%\}|-%\}\s*|%\}\n?/y;
const VARIABLE_END = /-\}\}\s*|\}\}/y;
const SPACE = /\s+/y;
const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}\p{N}\p{M}_]+/uy;
const STRING = /'([^'\\]*(?:\\[\s\S][^'\\]*)*)'|"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v', '\\': '\\', "'": "'", '"': '"', '\n': '' },
};

/** Python's escapes of a text; an unknown one stays as it is written. */
function unescape(text: string): string {
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (whole, x?: string, u?: string, long?: string, octal?: string, simple?: string) => {
      if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8));
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
      if (simple === 'N') throw new TemplateSyntaxError('\\N{…} in a text is not read here');
      return SIMPLE_ESCAPES[simple ?? ''] ?? whole;
    },
  );
}

/** Takes white space off the end of a text as the tag behind it asks for; `trim_blocks` and `lstrip_blocks` are on. */
function stripBefore(text: string, sign: string, isVariable: boolean, isLineStart: boolean): string {
  if (sign === '-') return text.trimEnd();
  if (sign === '+' || isVariable) return text;
  const from = text.lastIndexOf('\n') + 1;
  if (from === 0 && !isLineStart) return text;
  return text.slice(from).trim() === '' ? text.slice(0, from) : text;
}

/**
 * Cuts a template into tokens, with `trim_blocks` and `lstrip_blocks` as transformers sets them.
 * Source: Jinja2 3.1, lexer.py.
 * @throws TemplateSyntaxError
 */
export function tokenize(template: string): Token[] {
  const source = template.replace(/\r\n|\r/g, '\n').replace(/\n$/, '');
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let isLineStart = true;
  const advance = (to: number): void => {
    for (let i = at; i < to; i++) if (source[i] === '\n') line += 1;
    at = to;
  };
  const push = (kind: TokenKind, text: string): void => {
    if (kind !== 'data' || text !== '') tokens.push({ kind, text, line });
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };

  while (at < source.length) {
    const begin = match(BEGIN);
    if (begin === null) {
      push('data', source.slice(at));
      break;
    }
    const [whole, rawSign, , kind, sign = ''] = begin;
    const text = source.slice(at, begin.index);
    push('data', stripBefore(text, rawSign ?? sign, kind === '{', isLineStart));
    advance(begin.index + whole.length);
    isLineStart = false;
    if (kind === undefined) {
      const end = match(RAW_END);
      if (end === null) throw new TemplateSyntaxError(`line ${line}: raw block that is not closed`);
      push('data', stripBefore(source.slice(at, end.index), end[1] ?? '', false, whole.endsWith('\n')));
      advance(end.index + end[0].length);
      isLineStart = end[0].endsWith('\n');
    } else if (kind === '#') {
      const end = match(COMMENT_END);
      if (end === null) throw new TemplateSyntaxError(`line ${line}: comment that is not closed`);
      advance(end.index + end[0].length);
      isLineStart = end[0].endsWith('\n');
    } else {
      isLineStart = tag(kind === '%');
    }
  }
  return tokens;

  /** Reads a tag up to its end. @returns whether a line begins behind it */
  function tag(isBlock: boolean): boolean {
    push(isBlock ? 'block-begin' : 'variable-begin', '');
    const open: string[] = [];
    while (at < source.length) {
      const end = open.length === 0 ? match(isBlock ? BLOCK_END : VARIABLE_END) : null;
      if (end !== null) {
        push(isBlock ? 'block-end' : 'variable-end', '');
        advance(at + end[0].length);
        return end[0].endsWith('\n');
      }
      const space = match(SPACE);
      if (space !== null) {
        advance(at + space[0].length);
        continue;
      }
      const [kind, found] = lexeme();
      const { [0]: written } = found;
      if (kind === 'string') push(kind, unescape(found[1] ?? found[2] ?? ''));
      else push(kind, kind === 'int' || kind === 'float' ? written.replaceAll('_', '') : written);
      if (kind === 'op') {
        const closing = CLOSING[written];
        if (closing !== undefined) open.push(closing);
        else if (')]}'.includes(written) && open.pop() !== written)
          throw new TemplateSyntaxError(`line ${line}: unexpected '${written}'`);
      }
      advance(at + written.length);
    }
    throw new TemplateSyntaxError(`line ${line}: a tag that is not closed`);
  }

  function lexeme(): [TokenKind, RegExpExecArray] {
    const kinds = [
      ['float', FLOAT],
      ['int', INTEGER],
      ['name', NAME],
      ['string', STRING],
      ['op', OPERATOR],
    ] as const;
    for (const [kind, pattern] of kinds) {
      const found = match(pattern);
      if (found !== null) return [kind, found];
    }
    throw new TemplateSyntaxError(`line ${line}: unexpected character ${JSON.stringify(source[at] ?? '')}`);
  }
}
