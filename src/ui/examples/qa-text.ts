export interface Pair {
  readonly question: string;
  readonly answer: string;
}

/** How people mark questions and answers in running text, in the languages of the page and their neighbours. */
const QUESTION =
  /^\s*(?:[-*•]\s*)?(?:\d+[.)]\s*)?(?:q|question|f|frage|p|pregunta|d|domanda|user|customer|kunde)\s*\d*\s*[:.)]\s*(.*)$/i;
const ANSWER =
  /^\s*(?:[-*•]\s*)?(?:a|answer|antwort|r|réponse|respuesta|risposta|assistant|bot)\s*\d*\s*[:.)]\s*(.*)$/i;

/**
 * Questions and answers of a text like `Q: When? A: At nine.`, each mark on a line of its own; what follows a mark up to
 * the next one belongs to it.
 * @returns undefined where the text is no such text
 */
export function pairsOfText(text: string): readonly Pair[] | undefined {
  const pairs: { question: string; answer: string }[] = [];
  let isAnswer = false;
  for (const line of text.split(/\r?\n/)) {
    const asked = QUESTION.exec(line)?.[1];
    const said = ANSWER.exec(line)?.[1];
    const last = pairs.at(-1);
    if (asked !== undefined) {
      pairs.push({ question: asked, answer: '' });
      isAnswer = false;
    } else if (said !== undefined && last !== undefined) {
      last.answer = last.answer === '' ? said : `${last.answer}\n${said}`;
      isAnswer = true;
    } else if (last !== undefined && line.trim() !== '') {
      if (isAnswer) last.answer = `${last.answer}\n${line.trim()}`.trim();
      else last.question = `${last.question}\n${line.trim()}`.trim();
    }
  }
  const whole = pairs.filter(({ question, answer }) => question.trim() !== '' && answer.trim() !== '');
  return whole.length > 0 && whole.length >= pairs.length / 2 ? whole : undefined;
}

/**
 * Whether a text is sentences and no rows: nothing in it parts fields but commas, and those not regularly.
 * Quotes, tabs, semicolons and brackets at the start are left to the reader of tables and JSON.
 */
export function isProse(text: string): boolean {
  if (/["\t;]|^\s*[[{]/.test(text)) return false;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const commas = lines.map((line) => line.split(',').length - 1);
  return new Set(commas).size > 1 || commas[0] === 0;
}

/** Pairs as a file that the reader of examples takes. */
export const pairsFile = (pairs: readonly Pair[]): Uint8Array =>
  new TextEncoder().encode(`${pairs.map((pair) => JSON.stringify(pair)).join('\n')}\n`);
