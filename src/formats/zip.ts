import { Unzip, UnzipInflate } from 'fflate';
import { crc32 } from '../crc32.ts';

/** What a zip may hold, so that a small file cannot take a whole computer's memory. */
export interface ZipLimits {
  /** Bytes of all entries together, unpacked. */
  readonly bytes: number;
  readonly entries: number;
  /** How many times its size an entry may unpack to; DEFLATE can do 1032, texts and tables a tenth of that. */
  readonly ratio: number;
}

/** Sizes below which a ratio says nothing. */
const SMALL_BYTES = 2 ** 20;

/** One entry of a zip's central directory. */
interface Entry {
  readonly name: string;
  readonly crc: number;
  readonly size: number;
  readonly packed: number;
}

/**
 * The entries of a zip archive, unpacked and compared with the sizes and CRCs that its directory has. Nothing is unpacked
 * beyond the limits, whatever the directory claims.
 * @param isWanted whether an entry of this path is unpacked; folders never are
 * @param onPart told of an entry what is unpacked of it so far, so that what it throws ends the work
 * @throws RangeError saying which limit or which check failed
 */
export function unzip(
  bytes: Uint8Array,
  limits: ZipLimits,
  isWanted: (path: string) => boolean = () => true,
  onPart: (path: string, soFar: Uint8Array, isWhole: boolean) => void = () => undefined,
): Map<string, Uint8Array<ArrayBuffer>> {
  const wanted = new Map<string, Entry>();
  let total = 0;
  for (const entry of readDirectory(bytes, limits.entries)) {
    const { name, size, packed } = entry;
    if (name.endsWith('/') || !isWanted(name)) continue;
    if (wanted.has(name)) throw new RangeError(`two entries named ${name}`);
    wanted.set(name, entry);
    total += size;
    if (total > limits.bytes) throw new RangeError(`more than ${limits.bytes} bytes inside`);
    if (size > SMALL_BYTES && size > packed * limits.ratio)
      throw new RangeError(`${name} that unpacks to ${Math.round(size / Math.max(1, packed))} times its size`);
  }
  const unpacked = new Map<string, Uint8Array<ArrayBuffer>>();
  const reader = new Unzip((file) => {
    const entry = wanted.get(file.name);
    if (entry === undefined || unpacked.has(file.name)) return;
    const content = new Uint8Array(entry.size);
    unpacked.set(file.name, content);
    let done = 0;
    file.ondata = (error, chunk, isLast) => {
      if (error !== null) throw error;
      if (done + chunk.byteLength > entry.size)
        throw new RangeError(`${file.name} that is larger than its directory says`);
      content.set(chunk, done);
      done += chunk.byteLength;
      onPart(file.name, content.subarray(0, done), isLast);
      if (!isLast) return;
      if (done !== entry.size) throw new RangeError(`${file.name} that is shorter than its directory says`);
      if (crc32(content) !== entry.crc) throw new RangeError(`${file.name} whose checksum does not match`);
    };
    file.start();
  });
  reader.register(UnzipInflate);
  // In pieces: what a piece unpacks to is checked before the next.
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES)
    reader.push(bytes.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= bytes.byteLength);
  for (const name of wanted.keys())
    if (!unpacked.has(name)) throw new RangeError(`no ${name} where its directory says`);
  return unpacked;
}

const PIECE_BYTES = 2 ** 16;
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;

/** @throws RangeError for a damaged directory; ZIP64, which is for more than 4 GiB, is not read */
function readDirectory(bytes: Uint8Array, mostEntries: number): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.byteLength - END_BYTES;
  const first = Math.max(0, end - 0xffff);
  while (end >= first && view.getUint32(end, true) !== END) end -= 1;
  if (end < first) throw new RangeError('no directory of a zip at its end');
  const count = view.getUint16(end + 10, true);
  if (count > mostEntries) throw new RangeError(`more than ${mostEntries} entries`);
  const entries: Entry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i += 1) {
    if (at + ENTRY_BYTES > end || view.getUint32(at, true) !== ENTRY) throw new RangeError('a damaged directory');
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength));
    entries.push({
      name,
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
    });
    at += ENTRY_BYTES + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}
