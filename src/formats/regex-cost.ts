/** Longer ones are no pattern of a tokenizer or a configuration. */
const MOST_CHARACTERS = 5000;

/**
 * Why a regular expression out of a file may take time without end on some text: a group that is repeated and repeats or
 * chooses inside itself, as `(.+)+` and `(a|a)*` do, or a back-reference. No pattern of a known tokenizer does any of it.
 * @returns undefined for one that does none
 */
export function regexCost(source: string): string | undefined {
  if (source.length > MOST_CHARACTERS) return `${source.length} characters`;
  /** For each open group, whether something inside is repeated or chosen from. */
  const groups: boolean[] = [];
  const mark = (): void => {
    if (groups.length > 0) groups[groups.length - 1] = true;
  };
  for (let i = 0; i < source.length; i += 1) {
    const c = source[i] ?? '';
    if (c === '\\') {
      i += 1;
      if (/[1-9k]/.test(source[i] ?? '')) return 'a back-reference';
    } else if (c === '[') i = endOfClass(source, i);
    else if (c === '(') groups.push(false);
    else if (c === '|') mark();
    else if (c === ')') {
      const isVaried = groups.pop() === true;
      if (isVaried && isRepeated(source.slice(i + 1)))
        return `a repeated group with repetitions or choices inside (near character ${i})`;
      if (isVaried) mark();
    } else if (isRepeated(source.slice(i, i + 12))) mark();
  }
  return undefined;
}

/** Whether a text begins with a quantifier that may apply more than once. */
function isRepeated(text: string): boolean {
  if (/^[*+]/.test(text)) return true;
  const [, least = '', comma, most = ''] = /^\{(\d*)(,?)(\d*)\}/.exec(text) ?? [];
  if (comma === undefined) return false;
  return comma === '' ? Number(least) > 1 : most === '' || Number(most) > 1;
}

/** Where a character class that begins at `from` ends. */
function endOfClass(source: string, from: number): number {
  let i = from + 1;
  if (source[i] === '^') i += 1;
  if (source[i] === ']') i += 1;
  for (; i < source.length && source[i] !== ']'; i += 1) if (source[i] === '\\') i += 1;
  return i;
}
