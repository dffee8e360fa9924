import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { WebLoraError } from '../errors.ts';
import { isAdapterFile } from './formats/index.ts';
import { adapterFiles as filesOf, zipFiles } from './zip.ts';

describe('zipFiles', () => {
  const weights = Uint8Array.from({ length: 1000 }, (_, i) => i % 7);
  const card = new TextEncoder().encode('# A card\n'.repeat(100));

  it('holds every file', () => {
    const zip = zipFiles(
      new Map([
        ['adapter_model.safetensors', weights],
        ['README.md', card],
      ]),
    );
    expect(unzipSync(zip)).toEqual({ 'README.md': card, 'adapter_model.safetensors': weights });
    expect(zip.byteLength < weights.byteLength + card.byteLength).toBe(true);
  });

  it('gives the same bytes for the same files, whatever their order and the date', () => {
    const one = zipFiles(
      new Map([
        ['a', weights],
        ['b', card],
      ]),
    );
    const other = zipFiles(
      new Map([
        ['b', card],
        ['a', weights],
      ]),
    );
    expect(one).toEqual(other);
    // Local file header: DOS time 0 and DOS date 1980-01-01 at bytes 10 to 13.
    expect([...one.subarray(10, 14)]).toEqual([0, 0, 0x21, 0]);
  });
});

describe('adapterFiles', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const config = bytes('{"r": 2}');
  const adapterFiles = (files: ReadonlyMap<string, Uint8Array>) => filesOf(files, isAdapterFile);

  it('finds the files of a folder, of a zip, and of a zip of a folder, by their plain names', () => {
    const folder = new Map([
      ['run/adapter_config.json', config],
      ['run/checkpoints/step-4/adapter_config.json', bytes('another')],
      ['run/README.md', bytes('# A card')],
    ]);
    const expected = new Map([
      ['adapter_config.json', config],
      ['README.md', bytes('# A card')],
    ]);
    expect(adapterFiles(folder)).toEqual(expected);
    // Whatever the order: below a run's own files lie those of its checkpoints.
    expect(adapterFiles(new Map([...folder].reverse()))).toEqual(expected);
    expect(adapterFiles(new Map([['My adapter.ZIP', zipFiles(folder)]]))).toEqual(expected);
    expect(adapterFiles(new Map([['adapter_config.json', config]]))).toEqual(
      new Map([['adapter_config.json', config]]),
    );
  });

  it('never takes one file from a run and another from a checkpoint below it', () => {
    const files = new Map([
      ['run/adapter_config.json', config],
      ['run/checkpoint-20/adapter_config.json', bytes('another')],
      ['run/checkpoint-20/adapter_model.safetensors', bytes('weights')],
    ]);
    expect([...adapterFiles(files).keys()]).toEqual(['adapter_config.json']);
  });

  it('asks for one of several adapters side by side', () => {
    const files = new Map([
      ['out/checkpoint-20/adapter_config.json', config],
      ['out/checkpoint-40/adapter_config.json', config],
    ]);
    expect(() => adapterFiles(files)).toThrow(
      /got 2 adapters side by side: out\/checkpoint-20, out\/checkpoint-40, wanted the folder of one adapter/,
    );
  });

  it('says what a damaged zip is', () => {
    const zip = zipFiles(new Map([['adapter_config.json', config]]));
    for (const damaged of [zip.subarray(0, zip.length - 30), bytes('not a zip'), new Uint8Array()]) {
      expect(() => adapterFiles(new Map([['a.zip', damaged]]))).toThrow(WebLoraError);
      expect(() => adapterFiles(new Map([['a.zip', damaged]]))).toThrow(/^a.zip: got .*, wanted a zip of an adapter/);
    }
  });
});
