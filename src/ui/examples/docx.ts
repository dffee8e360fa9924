import { strFromU8, unzipSync } from 'fflate';
import { pairsOfText, type Pair } from './qa-text.ts';

const XML: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const textOf = (xml: string): string =>
  [...xml.matchAll(/<w:(?:t|tab|br)(?:\s[^>]*)?(?:\/>|>([^<]*)<\/w:t>)/g)]
    .map(([whole, text]) => text ?? (whole.startsWith('<w:br') ? '\n' : ' '))
    .join('')
    .replace(/&(#x?[\da-f]+|\w+);/gi, (entity, name: string) => {
      if (!name.startsWith('#')) return XML[name] ?? entity;
      return String.fromCodePoint(name[1] === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
    });

const inside = (xml: string, tag: string): string[] =>
  [...xml.matchAll(new RegExp(`<w:${tag}[ >].*?</w:${tag}>`, 'gs'))].map(([whole]) => whole);

/**
 * Questions and answers of a Word document (ECMA-376, WordprocessingML): the first two columns of its tables, else each
 * heading with the text below it, else marked text like `Q: … A: …`.
 * @returns undefined where there is none of these
 */
export function pairsOfDocx(bytes: Uint8Array): readonly Pair[] | undefined {
  const document = unzipSync(bytes, { filter: ({ name }) => name === 'word/document.xml' })['word/document.xml'];
  if (document === undefined) return undefined;
  const xml = strFromU8(document);
  const cells = inside(xml, 'tbl')
    .flatMap((table) => inside(table, 'tr'))
    .map((row) => inside(row, 'tc').map((cell) => inside(cell, 'p').map(textOf).join('\n').trim()))
    .flatMap(([question = '', answer = '']) => (question !== '' && answer !== '' ? [{ question, answer }] : []));
  if (cells.length > 0) return cells;
  const paragraphs = inside(xml, 'p').map((paragraph) => ({
    isHeading: /<w:pStyle w:val="(Heading|berschrift|Titre|Ttulo|Titolo|Kop)\d/i.test(paragraph),
    text: textOf(paragraph).trim(),
  }));
  const headed: { question: string; answer: string }[] = [];
  for (const { isHeading, text } of paragraphs) {
    const last = headed.at(-1);
    if (text === '') continue;
    if (isHeading) headed.push({ question: text, answer: '' });
    else if (last !== undefined) last.answer = `${last.answer}\n${text}`.trim();
  }
  const whole = headed.filter(({ answer }) => answer !== '');
  return whole.length > 0 ? whole : pairsOfText(paragraphs.map(({ text }) => text).join('\n'));
}
