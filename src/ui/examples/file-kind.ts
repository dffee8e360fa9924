/** What a file that holds no examples is, as far as its first bytes and its name tell. */
export type WrongFile = 'empty' | 'picture' | 'pdf' | 'sound' | 'old-word' | 'archive' | 'model' | 'no-text' | 'prose';

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

const starts = (bytes: Uint8Array, ...wanted: readonly number[]): boolean =>
  wanted.every((byte, i) => bytes[i] === byte);

/** Bytes that are looked at to tell text from other data. */
const LOOKED_AT = 4096;
/** Share of control characters from which on bytes are no text: other data has a tenth, text none. */
const NO_TEXT = 0.02;

/** Whether bytes are neither text of an encoding that is read here nor a kind of file with a format of its own. */
function isNoText(bytes: Uint8Array): boolean {
  if (starts(bytes, 0x50, 0x4b) || ascii(bytes, 0, 4) === 'PAR1') return false;
  const head = bytes.subarray(0, LOOKED_AT);
  // Zeros are half of UTF-16; 9 to 13 are line breaks and tabs, 26 ends old text files, 27 colours terminals.
  const controls = head.reduce((n, b) => n + Number((b > 0 && b < 9) || (b > 13 && b < 32 && b !== 26 && b !== 27)), 0);
  return controls > NO_TEXT * head.length;
}

/** @returns undefined for what may hold examples */
export function wrongFile(name: string, bytes: Uint8Array): WrongFile | undefined {
  if (!bytes.some((byte) => byte > 0x20)) return 'empty';
  const head = ascii(bytes, 0, 12);
  if (starts(bytes, 0x89, 0x50, 0x4e, 0x47) || starts(bytes, 0xff, 0xd8, 0xff) || head.startsWith('GIF8'))
    return 'picture';
  if (head.startsWith('RIFF')) return head.endsWith('WEBP') ? 'picture' : 'sound';
  if (/^.{4}ftyp(heic|heix|mif1|avif)/s.test(head)) return 'picture';
  if (head.startsWith('ID3') || head.startsWith('OggS') || /^.{4}ftyp/s.test(head)) return 'sound';
  if (head.startsWith('%PDF')) return 'pdf';
  if (head.startsWith('GGUF')) return 'model';
  if (/\.safetensors$/i.test(name)) return 'model';
  if (starts(bytes, 0xd0, 0xcf, 0x11, 0xe0) && /\.doc$/i.test(name)) return 'old-word';
  if (starts(bytes, 0x50, 0x4b, 0x03, 0x04) && !/\.(xlsx|xlsm|docx)$/i.test(name)) return 'archive';
  return isNoText(bytes) ? 'no-text' : undefined;
}
