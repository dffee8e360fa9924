import { expect, it } from 'vitest';
import { formatAddress, parseModelAddress } from './model-address.ts';

it('reads hub ids with revisions and files, and addresses, and writes them back', () => {
  const cases = {
    'hf:org/name': { kind: 'hub', repo: 'org/name', revision: 'main' },
    'hf:gpt2': { kind: 'hub', repo: 'gpt2', revision: 'main' },
    'hf:org/name@v1.0': { kind: 'hub', repo: 'org/name', revision: 'v1.0' },
    'hf:org/name@refs/pr/3': { kind: 'hub', repo: 'org/name', revision: 'refs/pr/3' },
    'hf:org/name-GGUF/q4/model.gguf': { kind: 'hub', repo: 'org/name-GGUF', revision: 'main', file: 'q4/model.gguf' },
    'hf:org/name/m.gguf@v2': { kind: 'hub', repo: 'org/name', revision: 'v2', file: 'm.gguf' },
    'https://models.example/toy/': { kind: 'url', url: 'https://models.example/toy/' },
    'https://models.example/toy.gguf?key=1': { kind: 'url', url: 'https://models.example/toy.gguf?key=1' },
  };
  for (const [text, address] of Object.entries(cases)) {
    const parsed = parseModelAddress(text);
    expect(parsed).toEqual(address);
    expect(parsed && formatAddress(parsed)).toBe(text);
  }
  expect(parseModelAddress('https://models.example/toy')).toEqual({ kind: 'url', url: 'https://models.example/toy/' });
  for (const path of ['embedded', './hf', 'models/x.gguf']) expect(parseModelAddress(path)).toBe(undefined);
});

it('refuses what is no id', () => {
  for (const text of [
    'hf:',
    'hf:a/b/c',
    'hf:../x',
    'hf:a/..',
    'hf:a/b@',
    'hf:a/b@x y',
    'hf:a/b/../c.gguf',
    'https://u:p@x/',
  ]) {
    expect(() => parseModelAddress(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  }
});
