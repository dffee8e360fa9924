import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { zipFiles } from './zip.ts';

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
