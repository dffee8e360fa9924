import { WebLoraError } from '../errors.ts';

interface ForeignKind {
  readonly name: string;
  /** What to do with it, as an imperative. */
  readonly fix: string;
}

interface Magic extends ForeignKind {
  readonly bytes: readonly number[];
  /** Where they stand (default 0). */
  readonly at?: number;
}

const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

const TEXT_FROM_PICTURE = 'write what it says as text';

/** File kinds that are recognised by their bytes and not read. */
const MAGICS: readonly Magic[] = [
  {
    bytes: [0xd0, 0xcf, 0x11, 0xe0],
    name: 'an old or password-protected Office file',
    fix: 'save the sheet as .xlsx without a password, or as CSV',
  },
  { bytes: [0x1f, 0x8b], name: 'a gzip archive', fix: 'unpack it' },
  { bytes: ascii('BZh'), name: 'a bzip2 archive', fix: 'unpack it' },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: 'an xz archive', fix: 'unpack it' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], name: 'a Zstandard archive', fix: 'unpack it' },
  { bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], name: 'a 7-Zip archive', fix: 'unpack it' },
  { bytes: ascii('Rar!'), name: 'a RAR archive', fix: 'unpack it' },
  { bytes: ascii('ustar'), at: 257, name: 'a tar archive', fix: 'unpack it' },
  { bytes: ascii('%PDF-'), name: 'a PDF', fix: 'put its questions and answers into a table' },
  { bytes: ascii('{\\rtf'), name: 'a text document (RTF)', fix: 'put its questions and answers into a table' },
  { bytes: [0x89, 0x50, 0x4e, 0x47], name: 'a picture (PNG)', fix: TEXT_FROM_PICTURE },
  { bytes: [0xff, 0xd8, 0xff], name: 'a picture (JPEG)', fix: TEXT_FROM_PICTURE },
  { bytes: ascii('GIF8'), name: 'a picture (GIF)', fix: TEXT_FROM_PICTURE },
  { bytes: ascii('WEBP'), at: 8, name: 'a picture (WebP)', fix: TEXT_FROM_PICTURE },
  { bytes: ascii('SQLite format 3\0'), name: 'an SQLite database', fix: 'export the table as CSV' },
  { bytes: ascii('ARROW1'), name: 'an Arrow file', fix: 'save it as JSONL: dataset.to_json("rows.jsonl")' },
  {
    bytes: [0xff, 0xff, 0xff, 0xff, 0x70],
    name: 'an Arrow file',
    fix: 'save it as JSONL: dataset.to_json("rows.jsonl")',
  },
  { bytes: ascii('FEA1'), name: 'a Feather file', fix: 'save it as JSONL: to_json(orient="records", lines=True)' },
  { bytes: ascii('Obj\u0001'), name: 'an Avro file', fix: 'save it as JSONL' },
  { bytes: [0x89, 0x48, 0x44, 0x46], name: 'an HDF5 file', fix: 'save it as JSONL' },
  { bytes: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], name: 'a NumPy file', fix: 'save it as JSONL' },
  { bytes: ascii('GGUF'), name: 'a model (GGUF)', fix: 'open it as the model' },
  { bytes: [0xff, 0xfe, 0x00, 0x00], name: 'text in UTF-32', fix: 'save the file as UTF-8' },
  { bytes: [0x00, 0x00, 0xfe, 0xff], name: 'text in UTF-32', fix: 'save the file as UTF-8' },
];

const startsWith = (bytes: Uint8Array, magic: readonly number[], at = 0): boolean =>
  magic.every((byte, i) => bytes[at + i] === byte);

export const isZip = (bytes: Uint8Array): boolean => startsWith(bytes, [0x50, 0x4b, 3, 4]);

/** Both ends say it. */
export const isParquet = (bytes: Uint8Array): boolean =>
  bytes.length >= 12 && startsWith(bytes, ascii('PAR1')) && startsWith(bytes, ascii('PAR1'), bytes.length - 4);

/** The names in a zip's directory, which stand uncompressed at its end, and the first bytes, where a type may stand. */
export function zipText(bytes: Uint8Array): string {
  const ends = [bytes.subarray(0, 256), bytes.subarray(Math.max(0, bytes.length - 65_536))];
  return ends.map((part) => new TextDecoder('latin1').decode(part)).join('');
}

function kindOfZip(bytes: Uint8Array): ForeignKind {
  const text = zipText(bytes);
  if (text.includes('word/document.xml') || text.includes('opendocument.text')) {
    return { name: 'a text document', fix: 'put its questions and answers into a table' };
  }
  if (text.includes('ppt/presentation.xml') || text.includes('opendocument.presentation')) {
    return { name: 'a presentation', fix: 'put its questions and answers into a table' };
  }
  if (text.includes('opendocument.spreadsheet')) {
    return { name: 'an OpenDocument spreadsheet', fix: 'save it as .xlsx, or the sheet as CSV' };
  }
  if (text.includes('xl/workbook.bin')) return { name: 'a binary workbook (.xlsb)', fix: 'save it as .xlsx' };
  return { name: 'a zip archive', fix: 'unpack it' };
}

export const READ_KINDS = 'JSONL, a JSON array, CSV, TSV, .xlsx or Parquet';

/** @throws WebLoraError 'unsupported' for a file that is recognised by its bytes and not read */
export function refuseForeign(bytes: Uint8Array, file: string): void {
  const found = isZip(bytes) ? kindOfZip(bytes) : MAGICS.find((magic) => startsWith(bytes, magic.bytes, magic.at));
  if (found !== undefined) {
    throw new WebLoraError('unsupported', file, { got: found.name, wanted: READ_KINDS, fix: found.fix });
  }
  const claimed = /\.(xlsx?|parquet)$/i.exec(file)?.[1]?.toLowerCase();
  if (claimed === undefined) return;
  const isSheet = claimed.startsWith('xls');
  throw new WebLoraError('unsupported', file, {
    got: isSheet ? 'a file that is no spreadsheet inside' : 'a file that is not Parquet inside, or is cut off',
    wanted: READ_KINDS,
    fix: isSheet ? 'save the sheet as CSV' : 'fetch or save it again',
  });
}
