/** One row as its file has it, before its shape is looked at, or why it could not even be read. */
export type RawRow =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly reason: string; readonly fix: string };

const CHECK_JSON = 'check its quotes, commas and brackets';

function parseRow(line: number, json: string): RawRow {
  try {
    return { line, value: JSON.parse(json) };
  } catch {
    return { line, reason: 'not valid JSON', fix: CHECK_JSON };
  }
}

/** JSON Lines: one object a line; empty lines count as lines, not as rows. */
export function readJsonLines(text: string): RawRow[] {
  return text
    .split('\n')
    .map((json, i) => ({ json: json.trim(), line: i + 1 }))
    .filter(({ json }) => json !== '')
    .map(({ json, line }) => parseRow(line, json));
}

/**
 * A JSON array, element by element, so that a broken element is named by its line and the others survive.
 * The text begins with "[" after white space.
 */
export function readJsonArray(text: string): RawRow[] {
  const rows: RawRow[] = [];
  let line = 1;
  let depth = 0;
  let inString = false;
  let start = -1; // of the current element
  let startLine = 1;
  const finish = (end: number): void => {
    const json = start < 0 ? '' : text.slice(start, end).trim();
    if (json !== '') rows.push(parseRow(startLine, json));
    start = -1;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\n') {
      line++;
      // A string cannot hold a line break: an unclosed quote costs its own row only.
      inString = false;
    }
    if (inString) {
      if (c === '\\' && text[i + 1] !== '\n') i++;
      else if (c === '"') inString = false;
      continue;
    }
    if (depth === 1 && start < 0 && c !== ',' && c !== ']' && c?.trim() !== '') {
      start = i;
      startLine = line;
    }
    if (c === '"') inString = true;
    else if (c === '[' || c === '{') depth++;
    else if (c === ']' || c === '}') {
      depth--;
      if (depth > 0) continue;
      finish(i);
      const rest = text.slice(i + 1);
      if (rest.trim() !== '') {
        const restLine = line + (/^\s*/.exec(rest)?.[0].split('\n').length ?? 1) - 1;
        rows.push({ line: restLine, reason: 'text after the end of the JSON array', fix: 'remove it' });
      }
      return rows;
    } else if (c === ',' && depth === 1) {
      if (start < 0) rows.push({ line, reason: 'a comma without a row before it', fix: 'remove it' });
      finish(i);
    }
  }
  finish(text.length);
  rows.push({ line, reason: 'the JSON array has no end', fix: 'add the missing "]", or export the file again' });
  return rows;
}
