import { describe, expect, it } from 'vitest';
import { sourceOfText } from './model-text.ts';

describe('sourceOfText', () => {
  const org = { kind: 'hub', hub: 'org/name', revision: 'main' };

  it('takes a name, its page, its files and what is listed as stored', () => {
    for (const text of [
      'org/name',
      ' hf:org/name ',
      'https://huggingface.co/org/name',
      'https://huggingface.co/org/name/',
      'https://hf.co/org/name/tree/main',
      'https://huggingface.co/org/name?library=transformers',
    ]) {
      expect(sourceOfText(text)).toEqual(org);
    }
    expect(sourceOfText('hf:org/name@v2')).toEqual({ ...org, revision: 'v2' });
    const file = { ...org, file: 'a-q4.gguf' };
    expect(sourceOfText('org/name/a-q4.gguf')).toEqual(file);
    expect(sourceOfText('https://huggingface.co/org/name/blob/main/a-q4.gguf')).toEqual(file);
    expect(sourceOfText('https://huggingface.co/org/name/resolve/v2/a-q4.gguf?download=true')).toEqual({
      ...file,
      revision: 'v2',
    });
  });

  it('takes any other address as one of the person’s own', () => {
    expect(sourceOfText('https://example.org/model')).toEqual({ kind: 'url', url: 'https://example.org/model/' });
    expect(sourceOfText('http://127.0.0.1:8000/m.gguf')).toEqual({ kind: 'url', url: 'http://127.0.0.1:8000/m.gguf' });
  });

  it.each(['a/b/c', 'https://', 'two words', ''])('refuses %j with what it wants', (text) => {
    expect(() => sourceOfText(text)).toThrow(/wanted/);
  });
});
