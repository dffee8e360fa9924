/** Where and why a text is not JSON. */
export interface JsonFault {
  /** Offset into the text, in UTF-16 units. */
  readonly at: number;
  /** Ends a sentence that begins "not valid JSON at …: ". */
  readonly what: string;
}

const WORD = /[\p{Letter}\p{Number}_$-]+/uy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

const WORDS: Readonly<Record<string, string>> = {
  None: 'None, which JSON writes null',
  True: 'True, which JSON writes true',
  False: 'False, which JSON writes false',
  undefined: 'undefined, which JSON does not have',
};

class Fault extends Error {
  readonly at: number;

  constructor(at: number, what: string) {
    super(what);
    this.at = at;
  }
}

const shown = (c: string): string => (c === '"' ? `'"'` : `"${c}"`);

/** Walks over one JSON value without building it; depth costs no stack. */
class Walk {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): void {
    /** What has been opened and not closed: "{" or "[". */
    const open: string[] = [];
    this.#skipSpace();
    for (;;) {
      // A value begins here.
      const c = this.#text[this.#at];
      if (c === '{' || c === '[') {
        this.#at++;
        open.push(c);
        this.#skipSpace();
        if (this.#text[this.#at] === (c === '{' ? '}' : ']')) {
          this.#at++;
          open.pop();
        } else {
          if (c === '{') this.#key();
          continue;
        }
      } else this.#scalar();
      // A value has ended here.
      for (;;) {
        this.#skipSpace();
        const inside = open.at(-1);
        const next = this.#text[this.#at];
        if (inside === undefined) {
          if (next === undefined) return;
          throw new Fault(this.#at, `${shown(next)} behind the end of the value`);
        }
        const close = inside === '{' ? '}' : ']';
        if (next === close) {
          this.#at++;
          open.pop();
          continue;
        }
        if (next !== ',') {
          const wanted = `a comma or "${close}" is missing`;
          throw new Fault(
            this.#at,
            next === undefined ? `the end, where ${wanted}` : `${wanted} before ${shown(next)}`,
          );
        }
        const comma = this.#at++;
        this.#skipSpace();
        if (this.#text[this.#at] === close) throw new Fault(comma, `a comma with nothing behind it before "${close}"`);
        if (inside === '{') this.#key();
        break;
      }
    }
  }

  #skipSpace(): void {
    while (this.#at < this.#text.length && ' \t\n\r'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #key(): void {
    const c = this.#text[this.#at];
    if (c !== '"') {
      const got = c === undefined ? 'the end' : shown(c);
      throw new Fault(this.#at, `${got} where a key in double quotes belongs`);
    }
    this.#string();
    this.#skipSpace();
    const next = this.#text[this.#at];
    if (next !== ':')
      throw new Fault(this.#at, `a colon is missing ${next === undefined ? 'at the end' : `before ${shown(next)}`}`);
    this.#at++;
    this.#skipSpace();
  }

  #string(): void {
    const start = this.#at++;
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined) throw new Fault(start, 'a text that is not closed');
      if (c === '"') break;
      if (c < ' ') {
        throw new Fault(
          this.#at,
          `${c === '\n' ? 'a line break' : 'a control character'} inside a text, which JSON writes ${c === '\n' ? '\\n' : c === '\t' ? '\\t' : '\\u00…'}`,
        );
      }
      if (c === '\\') {
        const escaped = this.#text.slice(this.#at, this.#at + 6);
        if (!/^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(escaped)) {
          throw new Fault(this.#at, `${escaped.slice(0, 2)}, which JSON writes \\\\${escaped.slice(1, 2)}`);
        }
        this.#at++;
      }
      this.#at++;
    }
    this.#at++;
  }

  #scalar(): void {
    const c = this.#text[this.#at];
    if (c === '"') {
      this.#string();
      return;
    }
    if (c === undefined) throw new Fault(this.#at, 'the end where a value belongs');
    if (c === "'" || c === '“' || c === '‘' || c === '`') {
      throw new Fault(this.#at, `${c}, and JSON puts texts in double quotes (")`);
    }
    if (c === '/' || c === '#') throw new Fault(this.#at, 'a comment, which JSON does not have');
    WORD.lastIndex = this.#at;
    const [word = ''] = WORD.exec(this.#text) ?? [];
    if (word === 'true' || word === 'false' || word === 'null') {
      this.#at += word.length;
      return;
    }
    NUMBER.lastIndex = this.#at;
    const [number = ''] = NUMBER.exec(this.#text) ?? [];
    if (number !== '' && number.length >= word.length) {
      this.#at += number.length;
      return;
    }
    if (/^[-+]?(NaN|Infinity)$/.test(word)) throw new Fault(this.#at, `${word}, which JSON does not have`);
    throw new Fault(
      this.#at,
      word === '' ? `${shown(c)} where a value belongs` : (WORDS[word] ?? `${word.slice(0, 20)}, which is no value`),
    );
  }
}

/** Finds the first thing that keeps a text from being JSON. `undefined`: it is JSON. */
export function jsonFault(text: string): JsonFault | undefined {
  try {
    new Walk(text).run();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return { at: thrown.at, what: thrown.message };
  }
}
