import type { TableRecord } from './table-record.ts';

/** Which column of a table is what, as far as it can be told. */
export interface ColumnMatch {
  readonly hasHeader: boolean;
  /** False: the columns are a guess, and whoever knows the table should say. */
  readonly isClear: boolean;
  /** The table's names for `question` and `answer`; `#1` is the first column where there is no header. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** What people call the two columns, without case, accents, digits and signs. */
const QUESTION_NAMES = new Set(
  `question questions prompt prompts input instruction query request message user customer q ask title
   frage fragen kundenfrage kundenanfrage anfrage eingabe nachricht kunde anweisung aufgabe betreff
   demande entree client pregunta preguntas consulta entrada cliente domanda domande richiesta vraag vragen
   pergunta perguntas fraga sporgsmal sporsmal kysymys pytanie pytania otazka kerdes intrebare soru
   вопрос вопросы питання 质问 問題 问题 質問 問 질문`.split(/\s+/),
);
const ANSWER_NAMES = new Set(
  `answer answers completion completions output response reply replies assistant bot a target
   antwort antworten ausgabe erwiderung musterantwort loesung losung
   reponse reponses sortie respuesta respuestas salida risposta risposte antwoord antwoorden
   resposta respostas saida svar vastaus odpowiedz odpowiedzi odpoved valasz raspuns cevap
   ответ ответы відповідь 答え 回答 答案 答 답변 답`.split(/\s+/),
);

/** Rows whose contents are looked at. */
const SAMPLE = 50;
/** Longer than column names are. */
const NAME_LENGTH = 40;

const plain = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^\p{Letter}]+/gu, ' ')
    .trim();

const CLOSING = '"”»’)';

/** Whether a text ends with a question mark, before closing quotes and blanks. No regular expression: blanks would cost their square. */
function asks(text: string): boolean {
  let said = text.trimEnd();
  while (CLOSING.includes(said.at(-1) ?? 'x')) said = said.slice(0, -1);
  return /[?？؟]$/.test(said.trimEnd().slice(-1));
}

/** Where each name stands first. */
export function firstPlaces(names: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [i, name] of names.entries()) if (!places.has(name)) places.set(name, i);
  return places;
}

/** Contents, not a name: a sentence, a question, a number or something long. */
function isContent(text: string): boolean {
  const cell = text.trim();
  return asks(cell) || /[.!…。]$/.test(cell) || cell.length > NAME_LENGTH || /^[\d\s.,:€$%-]+$/.test(cell);
}

/** The one column whose name is in `names`; a name of several words counts by any of them when none fits as a whole. */
function named(head: readonly string[], names: ReadonlySet<string>): string | undefined {
  const whole = head.filter((name) => names.has(plain(name)));
  if (whole.length === 1) return whole[0];
  const part = head.filter(
    (name) =>
      !isContent(name) &&
      plain(name)
        .split(' ')
        .some((word) => word.length > 1 && names.has(word)),
  );
  return whole.length === 0 && part.length === 1 ? part[0] : undefined;
}

/**
 * Tells question and answer by the columns' names in many languages, or by what stands in them: questions end with a
 * question mark.
 * @param header whether the first record names the columns, where that is known
 */
export function matchColumns(records: readonly TableRecord[], header?: boolean): ColumnMatch {
  const head = (records[0]?.fields ?? []).map((field) => field.trim());
  if (header !== false) {
    const question = named(head, QUESTION_NAMES);
    const answer = named(head, ANSWER_NAMES);
    if (question !== undefined && answer !== undefined && question !== answer) {
      return { hasHeader: true, isClear: true, columns: { question, answer } };
    }
  }
  const hasHeader = header ?? !head.some(isContent);
  const body = records.slice(hasHeader ? 1 : 0, SAMPLE);
  const places = firstPlaces(head);
  const columns = head.map((name, i) => {
    const cells = body.map(({ fields }) => (fields[i] ?? '').trim()).filter((cell) => cell !== '');
    return {
      source: hasHeader && name !== '' && places.get(name) === i ? name : `#${i + 1}`,
      filled: cells.length,
      length: cells.reduce((sum, cell) => sum + cell.length, 0) / Math.max(1, cells.length),
      asking: cells.filter(asks).length / Math.max(1, cells.length),
    };
  });
  // Numbers, dates and marks are short; what is learned is the longest text of the row.
  const texts = columns.filter(({ filled }) => filled > 0);
  const byLength = [...texts].sort((a, b) => b.length - a.length).slice(0, 2);
  const two = texts.filter((column) => byLength.includes(column));
  const [first, second] = two;
  if (first === undefined || second === undefined) return { hasHeader, isClear: false };
  const isTurned = second.asking > first.asking + 0.2;
  const [question, answer] = isTurned ? [second, first] : [first, second];
  const isClear = texts.length === 2 && question.asking >= 0.3 && answer.asking < question.asking / 2;
  return { hasHeader, isClear, columns: { question: question.source, answer: answer.source } };
}
