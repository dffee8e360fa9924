import { describe, expect, it } from 'vitest';
import { loadTokenizer } from './tokenizer.ts';
import { toyByteLevelFiles, toySentencePieceFiles } from './toy-tokenizer.ts';

type Json = Record<string, unknown>;

/** What opening a changed tokenizer.json says. */
function notesOf(files: { tokenizerJson: string }, change: (tokenizer: Json) => Json): readonly string[] {
  const tokenizer = change(JSON.parse(files.tokenizerJson) as Json);
  return loadTokenizer({ ...files, tokenizerJson: JSON.stringify(tokenizer) }).notes;
}

describe('a tokenizer on opening', () => {
  it('has nothing to say where every text comes back', () => {
    expect(notesOf(toyByteLevelFiles(), (same) => same)).toEqual([]);
    expect(notesOf(toySentencePieceFiles(), (same) => same)).toEqual([]);
    expect(notesOf(toyByteLevelFiles(), (t) => ({ ...t, normalizer: { type: 'NFC' } }))).toEqual([]);
  });

  it('tells what its normalizer rewrites', () => {
    expect(notesOf(toyByteLevelFiles(), (t) => ({ ...t, normalizer: { type: 'NFKC' } }))).toEqual([
      'tokenizer.json rewrites texts before it encodes them (NFKC); not kept as written: typographic signs',
    ]);
    const both = { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }, { type: 'Lowercase' }] };
    expect(notesOf(toyByteLevelFiles(), (t) => ({ ...t, normalizer: both }))).toEqual([
      expect.stringMatching(
        /\(NFD, StripAccents, Lowercase\); not kept as written: Latin letters, .*capitals, accents/,
      ),
    ]);
  });

  it('tells which texts its vocabulary cannot spell, and says nothing of it otherwise', () => {
    const files = toySentencePieceFiles();
    const json = JSON.parse(files.tokenizerJson) as Json;
    const tokenizerJson = JSON.stringify({ ...json, model: { ...(json['model'] as Json), byte_fallback: false } });
    const tokenizer = loadTokenizer({ ...files, tokenizerJson });
    expect(tokenizer.notes).toEqual([]);
    expect(['hello', 'hello world.', 'caf\u00e9', 'a\nb', '\u2615'].map((text) => tokenizer.keeps(text))).toEqual([
      ...[true, true],
      ...[false, false, false],
    ]);
  });

  it('is refused where a text is lost that its vocabulary can spell', () => {
    const dropsBreaks = { type: 'Split', pattern: { Regex: '\\s+' }, behavior: 'Removed', invert: false };
    const cut = (t: Json): Json => ({
      ...t,
      pre_tokenizer: { type: 'Sequence', pretokenizers: [dropsBreaks, t['pre_tokenizer']] },
    });
    expect(() => notesOf(toyByteLevelFiles(), cut)).toThrow(
      'tokenizer.json: Latin letters: got "Hello,world.Isit\\"ok\\"-ornot?" back, wanted "Hello, world.',
    );
    const noDecoder = (t: Json): Json => ({ ...t, decoder: { type: 'Fuse' } });
    expect(() => notesOf(toySentencePieceFiles(), noDecoder)).toThrow('as its vocabulary can spell any text');
  });
});
