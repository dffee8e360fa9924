import { describe, expect, it } from 'vitest';
import { jsonFault } from './json-fault.ts';
import { readJsonArray, readJsonLines } from './json-rows.ts';

describe('JSON lines', () => {
  it('over several lines, several on a line, with and without commas between them', () => {
    const pretty = [{ a: { b: [1, { c: '}' }] } }, { a: 2 }].map((row) => JSON.stringify(row, null, 2)).join('\n');
    expect(readJsonLines(pretty)).toEqual([
      { line: 1, value: { a: { b: [1, { c: '}' }] } } },
      { line: 11, value: { a: 2 } },
    ]);
    expect(readJsonLines('{"a":1} {"a":2}\n{"a":3},\n{"a":4}')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 1, value: { a: 2 } },
      { line: 2, value: { a: 3 } },
      { line: 3, value: { a: 4 } },
    ]);
  });

  it('a broken object costs its own line alone', () => {
    const text = '{"a":1\n{"a":2}\n{"a":"x}\n{"a":3}\n{"a":[1,}\n{"a":4}';
    const rows = readJsonLines(text);
    expect(rows.flatMap((row) => ('value' in row ? [row.value] : []))).toEqual([{ a: 2 }, { a: 3 }, { a: 4 }]);
    expect(rows.flatMap((row) => ('reason' in row ? [`${row.line} ${row.reason}`] : []))).toEqual([
      '1 not valid JSON at column 7: the end, where a comma or "}" is missing',
      '3 not valid JSON at column 6: a text that is not closed',
      '5 not valid JSON at column 9: "}" where a value belongs',
    ]);
  });

  it('a fault inside an object over several lines is told with its line', () => {
    expect(readJsonLines('\n{\n  "a": 1,\n}\n{"a":2}')).toEqual([
      {
        line: 2,
        reason: 'not valid JSON at line 3, column 9: a comma with nothing behind it before "}"',
        fix: 'check its quotes, commas and brackets',
      },
      { line: 5, value: { a: 2 } },
    ]);
  });

  it('NaN and infinities are read as what they are, texts that spell them stay', () => {
    const rows = readJsonLines('{"a":NaN,"b":[NaN,NaN,-Infinity],"c":"x: NaN,"}');
    expect(rows).toEqual([{ line: 1, value: { a: Number.NaN, b: [Number.NaN, Number.NaN, -Infinity], c: 'x: NaN,' } }]);
    expect(readJsonArray('[{"a": NaN}]')).toEqual([{ line: 1, value: { a: Number.NaN } }]);
  });

  it('a number whose spelling is lost is told, one in a text is not', () => {
    const respelled = (json: string): unknown => readJsonLines(json).map((row) => 'respelled' in row && row.respelled);
    expect(respelled('{"a":1.0}\n{"a":[2,-1e3]}\n{"a":-0}\n{"a":1.50}\n{"a":1E-5}')).toEqual([
      ...['1.0', '-1e3', '-0', '1.50', '1E-5'],
    ]);
    expect(respelled('{"a":1.5}\n{"a":"1.0 or 1e3"}\n{"a":10,"b":-0.5}\n{"a":1200}\n{"a":0.05}')).toEqual(
      Array.from({ length: 5 }, () => false),
    );
  });

  it('a key that stands there twice is named', () => {
    expect(readJsonLines('{"answer":"a","question":"q","answer":"b"}')).toEqual([
      { line: 1, reason: 'the key "answer" stands there twice', fix: 'keep one of the two' },
    ]);
  });

  it('a text of a million characters is read', () => {
    const long = 'x\\n"'.replaceAll('"', '\\"').repeat(300_000);
    const [row] = readJsonLines(`{"a":"${long}","b":NaN}`);
    expect(row).toMatchObject({ line: 1, value: { b: Number.NaN } });
  });
});

describe('jsonFault', () => {
  it.each([
    ['{"a": NaN}', 6, 'NaN, which JSON does not have'],
    ['{"a": None}', 6, 'None, which JSON writes null'],
    ["{'a': 1}", 1, '"\'" where a key in double quotes belongs'],
    ['{"a": \'x\'}', 6, '\', and JSON puts texts in double quotes (")'],
    ['{"a": "x" "b": 1}', 10, 'a comma or "}" is missing before \'"\''],
    ['{"a": "x", }', 9, 'a comma with nothing behind it before "}"'],
    ['{"a": "line\nbreak"}', 11, 'a line break inside a text, which JSON writes \\n'],
    ['{"a": "C:\\dir"}', 9, '\\d, which JSON writes \\\\d'],
    ['{"a": 01}', 6, '01, which is no value'],
    ['{"a": 1} x', 9, '"x" behind the end of the value'],
    ['{"a": // no', 6, 'a comment, which JSON does not have'],
    ['[1, 2', 5, 'the end, where a comma or "]" is missing'],
    ['', 0, 'the end where a value belongs'],
  ])('%j', (text, at, what) => {
    expect(jsonFault(text)).toEqual({ at, what });
  });

  it('finds none in JSON, and one in every text that JSON.parse refuses', () => {
    const good = '{"a": [1, -2.5e+3, "x\\u00e9\\n", true, null, {}, []], "b": {"c": false}}';
    expect(jsonFault(good)).toBeUndefined();
    for (let i = 0; i < good.length; i++) {
      for (const text of [
        good.slice(0, i) + good.slice(i + 1),
        `${good.slice(0, i)},${good.slice(i)}`,
        good.slice(0, i),
      ]) {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(jsonFault(text) === undefined, text).toBe(isJson);
      }
    }
    expect(jsonFault('['.repeat(200_000))?.at).toBe(200_000);
  });
});
