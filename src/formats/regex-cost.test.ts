import { describe, expect, it } from 'vitest';
import { regexCost } from './regex-cost.ts';

describe('a regular expression out of a file', () => {
  it.each([
    '(.+)+!',
    '(a|a)*b',
    '(?:x+y?)*',
    '((ab)*c)+',
    '(a*){2,}',
    '([a-z]+)+$',
    '(.*)\\1',
    '(?<n>a)\\k<n>',
    'a?'.repeat(3000),
  ])('that may take time without end is told: %s', (source) => expect(regexCost(source)).toBeDefined());

  it.each([
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{M}]*[\\p{Ll}\\p{M}]+(?i:'s|'t)?|\\p{N}{1,3}",
    'model\\.layers\\.(0|1|2)\\.self_attn\\.q_proj',
    '.*\\.(q|v)_proj',
    '[)(+*]+',
    '(abc)+',
  ])('that tokenizers and adapters have is none: %s', (source) => expect(regexCost(source)).toBeUndefined());
});
