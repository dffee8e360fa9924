/** A file's text and how its bytes were read. */
export interface DecodedText {
  readonly text: string;
  readonly encoding: 'UTF-8' | 'UTF-16' | 'Windows-1252';
  /** The bytes are of this encoding for the most part but damaged in places, which show as U+FFFD. */
  readonly isDamaged: boolean;
}

// Enough to tell apart encodings whose text is at least partly ASCII.
const SAMPLE_BYTES = 4096;

// What Windows-1252 has at 0x80 to 0x9f, as the WHATWG encoding standard lists it. Not TextDecoder: Node reads the
// label as Latin-1 (seen in 20.x), which turns "€" into a control character.
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

function decodeWindows1252(bytes: Uint8Array): string {
  const latin1 = new TextDecoder('latin1').decode(bytes);
  return latin1.replace(/[\u0080-\u009f]/g, (c) => WINDOWS_1252[c.charCodeAt(0) - 0x80] ?? c);
}

/** UTF-16 without a byte order mark: ASCII text has a zero in every second byte. */
function utf16ByZeros(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const pairs = Math.floor(Math.min(bytes.length, SAMPLE_BYTES) / 2);
  let high = 0;
  let low = 0;
  for (let i = 0; i < pairs; i++) {
    if (bytes[2 * i] === 0) high++;
    if (bytes[2 * i + 1] === 0) low++;
  }
  if (low > pairs * 0.4 && high < pairs * 0.05) return 'utf-16le';
  if (high > pairs * 0.4 && low < pairs * 0.05) return 'utf-16be';
  return undefined;
}

/** Text without marks of byte order: files concatenated from several have more than one at their beginning. */
const withoutMark = (text: string): string => text.replace(/^\ufeff+/, '');

function isWhole(encoding: string, bytes: Uint8Array): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads text in UTF-8, UTF-16 or Windows-1252. Bytes that are not UTF-8 are taken for Windows-1252 unless most of what
 * is not ASCII is good UTF-8: then a few bytes are damaged and reading the file differently would garble every accent.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const startsWith = (...mark: number[]): boolean => mark.every((byte, i) => bytes[i] === byte);
  const utf16 = startsWith(0xff, 0xfe) ? 'utf-16le' : startsWith(0xfe, 0xff) ? 'utf-16be' : utf16ByZeros(bytes);
  if (utf16 !== undefined) {
    const text = withoutMark(new TextDecoder(utf16).decode(bytes));
    return { text, encoding: 'UTF-16', isDamaged: text.includes('\ufffd') && !isWhole(utf16, bytes) };
  }
  const text = withoutMark(new TextDecoder('utf-8').decode(bytes));
  let damaged = 0;
  let good = 0;
  for (const character of text) {
    if (character === '\ufffd') damaged++;
    else if (character > '\u007f') good++;
  }
  if (damaged === 0) return { text, encoding: 'UTF-8', isDamaged: false };
  // U+FFFD may be written in the file itself.
  if (isWhole('utf-8', bytes)) return { text, encoding: 'UTF-8', isDamaged: false };
  if (good > damaged) return { text, encoding: 'UTF-8', isDamaged: true };
  return { text: decodeWindows1252(bytes), encoding: 'Windows-1252', isDamaged: false };
}
