import { WebLoraError } from '../errors.ts';
import type { TableRecord } from './table-rows.ts';

/** A zip whose directory names a workbook: a spreadsheet, whatever its file is called. */
export function isXlsx(bytes: Uint8Array, file: string): boolean {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b || bytes[2] !== 3 || bytes[3] !== 4) return false;
  if (/\.xlsx$/i.test(file)) return true;
  // Names stand uncompressed in the directory at the end.
  const tail = new TextDecoder('latin1').decode(bytes.subarray(Math.max(0, bytes.length - 65_536)));
  return tail.includes('xl/workbook.xml');
}

function cellText(cell: unknown): string {
  if (cell instanceof Date) {
    const iso = cell.toISOString();
    return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso;
  }
  if (typeof cell === 'string') return cell.replace(/\r\n?/g, '\n');
  return typeof cell === 'number' || typeof cell === 'boolean' ? String(cell) : '';
}

/**
 * The first sheet that holds anything, as records; line breaks inside cells stay.
 * @throws WebLoraError 'bad-file' for a damaged file
 */
export async function readXlsx(bytes: Uint8Array, file: string): Promise<TableRecord[]> {
  const { default: readSheets } = await import('read-excel-file/universal');
  let sheets;
  try {
    sheets = await readSheets(bytes.slice().buffer, { trim: false });
  } catch (cause) {
    throw new WebLoraError('bad-file', file, {
      got: 'a spreadsheet that cannot be opened',
      wanted: 'an .xlsx file as Excel, LibreOffice or Google Sheets save it, without a password',
      fix: 'save it again, or save the sheet as CSV',
      cause,
    });
  }
  const { data } = sheets.find((sheet) => sheet.data.length > 0) ?? { data: [] };
  return data
    .map((row, i) => ({ line: i + 1, fields: row.map(cellText), isBroken: false }))
    .filter(({ fields }) => fields.some((field) => field.trim() !== ''));
}
