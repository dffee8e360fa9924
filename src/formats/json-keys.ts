/**
 * The first key that an object literal names twice at its top level; JSON.parse would keep the last one in silence.
 * @param text JSON that parses, with an object at the top
 */
export function firstRepeatedKey(text: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      if (depth === 1 && isFollowedByColon(text, end)) {
        const key: unknown = JSON.parse(text.slice(at, end));
        if (typeof key === 'string') {
          if (seen.has(key)) return key;
          seen.add(key);
        }
      }
      at = end;
      continue;
    }
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    at++;
  }
  return undefined;
}

/** One past the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isFollowedByColon(text: string, at: number): boolean {
  while (' \t\r\n'.includes(text[at] ?? ':')) at++;
  return text[at] === ':';
}
