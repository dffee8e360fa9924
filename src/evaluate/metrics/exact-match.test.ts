import { describe, expect, it } from 'vitest';
import { isExactMatch } from './exact-match.ts';

describe('exact match', () => {
  it.each([
    ['yes', ' yes\n'],
    ['{"a": 1, "b": [1, {"c": null}]}', '{"b":[1,{"c":null}],"a":1.0}'],
    ['[]', ' [ ] '],
    ['"a"', '"\\u0061"'],
    ['1e2', '100'],
    ['{"a":1,"a":2}', '{"a":2}'],
  ])('%s is %s', (got, expected) => {
    expect(isExactMatch(got, expected)).toBe(true);
    expect(isExactMatch(expected, got)).toBe(true);
  });

  it.each([
    ['yes', 'Yes'],
    ['a  b', 'a b'],
    ['{"a":1}', '{"a":1,"b":2}'],
    ['{"a":1,"c":2}', '{"a":1,"b":2}'],
    ['{"a":1}', '{"a":"1"}'],
    ['[1,2]', '[2,1]'],
    ['[1]', '{"0":1}'],
    ['[]', '{}'],
    ['{"a":null}', '{}'],
    ['{"toString":1}', '{}'],
    ['null', '0'],
    ['null', '{}'],
    ['{"a":1}', '{"a":1'],
    ['', 'null'],
  ])('%s is not %s', (got, expected) => {
    expect(isExactMatch(got, expected)).toBe(false);
    expect(isExactMatch(expected, got)).toBe(false);
  });
});
