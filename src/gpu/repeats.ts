import { WebLoraError } from '../errors.ts';

const REPEAT = /^(\s*)@repeat\((\d+)\) (.*)$/;

/**
 * Writes out the `@repeat(N)` of a WGSL source. Kernels for software adapters unroll their loops, since those adapters keep
 * what a variable index reads in memory; the source says once what is repeated:
 *   @repeat(8) acc$i += x_at(n$i, k) * w;          the line 8 times, with 0 to 7 for $i
 *   @repeat(4) {  …  }                             a block 4 times; its closing brace is as far in as its @repeat
 * In what is repeated $i is the index, $4 the whole fours in it, $m what is left of them, and $l the index as a letter from
 * `a` on. Repeats do not nest.
 * @throws `internal` when a block has no end or a placeholder stands outside
 */
export function writeOutRepeats(wgsl: string): string {
  const written: string[] = [];
  const lines = wgsl.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const repeat = REPEAT.exec(line);
    if (repeat === null) {
      written.push(line);
      continue;
    }
    const [, indent = '', count = '', first = ''] = repeat;
    let body = indent + first;
    if (first === '{') {
      const end = lines.indexOf(`${indent}}`, at);
      if (end < 0) throw new WebLoraError('internal', `WGSL: a block of ${line.trim()} has no end`);
      body = [body, ...lines.slice(at + 1, end + 1)].join('\n');
      at = end;
    }
    for (let index = 0; index < Number(count); index += 1) written.push(copyOf(body, index));
  }
  const source = written.join('\n');
  const left = /^(?!\s*\/\/).*(?:@repeat|\$[i4ml]).*/m.exec(source);
  if (left !== null) throw new WebLoraError('internal', `WGSL: '${left[0].trim()}' is not in an @repeat of its own`);
  return source;
}

function copyOf(body: string, index: number): string {
  return body
    .replaceAll('$i', String(index))
    .replaceAll('$4', String(Math.floor(index / 4)))
    .replaceAll('$m', String(index % 4))
    .replaceAll('$l', String.fromCharCode(97 + index));
}
