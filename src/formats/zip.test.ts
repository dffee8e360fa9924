import { zipSync, type Zippable } from 'fflate';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../crc32.ts';
import { unzip, type ZipLimits } from './zip.ts';

const LIMITS: ZipLimits = { bytes: 8 * 2 ** 20, entries: 10, ratio: 200 };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('a zip', () => {
  it('is unpacked, stored and deflated, without its folders', () => {
    const files: Zippable = {
      'a.txt': text('hello '.repeat(1000)),
      'b/c.bin': [text('stored'), { level: 0 }],
      'd/': text(''),
    };
    const found = unzip(zipSync(files), LIMITS);
    expect([...found.keys()]).toEqual(['a.txt', 'b/c.bin']);
    expect(new TextDecoder().decode(found.get('b/c.bin'))).toBe('stored');
    expect(found.get('a.txt')).toHaveLength(6000);
    expect([...unzip(zipSync(files), LIMITS, (path) => path === 'a.txt').keys()]).toEqual(['a.txt']);
  });

  it('has the checksum of the standard', () => {
    // https://reveng.sourceforge.io/crc-catalogue/all.htm#crc.cat.crc-32-iso-hdlc
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
  });

  it('with one flipped bit in an entry is refused', () => {
    const zip = zipSync({ 'a.bin': [text('weights'), { level: 0 }] });
    const at = zip.findIndex((_, i) => zip[i] === 'w'.charCodeAt(0) && zip[i + 1] === 'e'.charCodeAt(0));
    expect(() => unzip(zip.with(at, (zip[at] ?? 0) ^ 1), LIMITS)).toThrow(/a.bin whose checksum does not match/);
  });

  it('that would unpack to more than may be is refused before it is unpacked', () => {
    const bomb = zipSync({ 'sheet.xml': new Uint8Array(7 * 2 ** 20) });
    expect(() => unzip(bomb, LIMITS)).toThrow(/sheet.xml that unpacks to \d+ times its size/);
    expect(() => unzip(bomb, { ...LIMITS, bytes: 2 ** 20 })).toThrow(/more than 1048576 bytes inside/);
    const many = zipSync(Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`f${i}`, text('x')])));
    expect(() => unzip(many, LIMITS)).toThrow(/more than 10 entries/);
  });

  it('whose directory lies about a size is refused', () => {
    for (const [size, says] of [
      [3, /larger than its directory says/],
      [30, /shorter than its directory says|unexpected/],
    ] as const) {
      const zip = zipSync({ a: text('twenty bytes of text') });
      const view = new DataView(zip.buffer);
      const entry = zip.findIndex((_, i) => i + 4 <= zip.length && view.getUint32(i, true) === 0x02014b50);
      view.setUint32(entry + 24, size, true);
      expect(() => unzip(zip, LIMITS)).toThrow(says);
    }
  });

  it('that is cut off, empty or no zip is refused', () => {
    const zip = zipSync({ a: text('x'.repeat(300)) });
    for (const bytes of [zip.subarray(0, 40), zip.subarray(0, zip.length - 1), new Uint8Array(0), text('PK')])
      expect(() => unzip(bytes, LIMITS)).toThrow(RangeError);
  });
});
