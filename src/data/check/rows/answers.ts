import { sortedLines, type CheckedRow, type Finding, type RowCheck } from '../finding.ts';
import { FUNCTION_WORDS } from '../words.ts';

/** What spreadsheets and scripts write where there is no answer. */
const PLACEHOLDER =
  /^\W*(?:n\/?a|nan|null|none|nil|undefined|todo|tbd|tba|fixme|xxx+|lorem ipsum.*|empty|leer|k\.?\s?a\.?|insert (?:answer|text) here|your answer here|placeholder)\W*$/i;

/** Whether a text says nothing: no letter, digit or sign of an emoji, or what stands for nothing. */
export function saysNothing(text: string): boolean {
  return !/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(text) || PLACEHOLDER.test(text.trim());
}

/** Where answers are this long in the median, one of a letter or two is a slip. */
const LONG_MEDIAN = 40;
const SHORT_ANSWER = 2;

const ENDS_SENTENCE = /[.!?…。！？।؟;:)\]}"'”’»›`*_~>|]\s*$|\p{Extended_Pictographic}\s*$/u;
const CUT_SIGN = /(?:[,(\[{–—&/=+]|\s-|\p{L}-)\s*$/u;

/** Answers of this many words are sentences, whose end is a stop. */
const SENTENCE_WORDS = 6;
/** Where this share of the sentences ends with a stop, one without it was cut. */
const STOPPED_SHARE = 0.8;

/** Words that no sentence ends with; of the function words those that lead on. */
const LEADS_ON = new Set(
  `a an the and or but if of to from with as is are was were be my your his its our their because that than which who und oder
  aber wenn von zum zur im der die das den dem des ein eine einen einem einer mit für bei als weil dass le la les un une des du
  de et ou mais si au aux dans sur par pour avec el los las y o del al por para con il lo gli uno e ma di da nel per een het en
  of van met voor`.split(/\s+/),
);

const lastWord = (text: string): string => /([\p{L}\p{M}'’]+)\s*$/u.exec(text)?.[1]?.toLowerCase() ?? '';

/** A code fence that was opened and not closed, or JSON that ends before its last bracket. */
function isUnclosed(text: string): boolean {
  if ((text.match(/^```/gm)?.length ?? 0) % 2 === 1) return true;
  const trimmed = text.trim();
  if (!/^[[{]\s*["[{\]}\d]/.test(trimmed)) return false;
  try {
    JSON.parse(trimmed);
    return false;
  } catch {
    const count = (pattern: RegExp): number => trimmed.match(pattern)?.length ?? 0;
    return count(/[[{]/g) > count(/[\]}]/g);
  }
}

function endsCut(answer: string, sentencesStop: boolean): boolean {
  const text = answer.trimEnd();
  if (isUnclosed(text)) return true;
  const words = text.split(/\s+/).length;
  if (words < 3 || ENDS_SENTENCE.test(text)) return false;
  if (CUT_SIGN.test(text)) return true;
  const last = lastWord(text);
  if (words >= 4 && LEADS_ON.has(last) && FUNCTION_WORDS.has(last)) return true;
  // A last line of few words is a signature or an item of a list.
  const line = text.slice(text.lastIndexOf('\n') + 1);
  const lineWords = line.split(/\s+/).length;
  return (
    sentencesStop &&
    lineWords >= SENTENCE_WORDS &&
    /[\p{L}\p{N}]$/u.test(text) &&
    !/^\s*(?:[-*•#|>]|\d+[.)])/.test(line) &&
    !/https?:\S+$/.test(text)
  );
}

/** Whether almost all answers that are sentences end with a stop. */
function stopsSentences(rows: readonly CheckedRow[]): boolean {
  const sentences = rows.filter(({ answer }) => answer.split(/\s+/).length >= SENTENCE_WORDS);
  const stopped = sentences.filter(({ answer }) => ENDS_SENTENCE.test(answer)).length;
  return sentences.length >= 5 && stopped / sentences.length >= STOPPED_SHARE;
}

function medianLength(rows: readonly CheckedRow[]): number {
  const lengths = rows.map(({ answer }) => answer.length).sort((a, b) => a - b);
  return lengths[Math.floor(lengths.length / 2)] ?? 0;
}

/** Answers that say nothing, and answers that break off. */
export const answers: RowCheck = {
  kinds: ['empty', 'truncated'],
  label: 'empty and cut answers',
  async find({ rows, pause }) {
    const sentencesStop = stopsSentences(rows);
    const areLong = medianLength(rows) >= LONG_MEDIAN;
    const [nothing, cut]: [number[], number[]] = [[], []];
    for (const [at, { line, row, question, answer }] of rows.entries()) {
      if (at % 512 === 0) await pause(at, rows.length);
      if (row.kind === 'tokens') continue;
      const isShort = areLong && answer.trim().length <= SHORT_ANSWER;
      if (saysNothing(answer) || isShort || (question !== '' && saysNothing(question))) nothing.push(line);
      else if (endsCut(answer, sentencesStop)) cut.push(line);
    }
    const findings: Finding[] = [];
    if (nothing.length > 0) {
      findings.push({
        kind: 'empty',
        severity: 'medium',
        lines: sortedLines(nothing),
        message: 'question or answer says nothing',
        fix: 'fill in or remove the rows: the model learns to say nothing',
      });
    }
    if (cut.length > 0) {
      findings.push({
        kind: 'truncated',
        severity: 'medium',
        lines: sortedLines(cut),
        message: 'the answer breaks off before its end',
        fix: 'complete or remove the rows: the model learns to break off',
      });
    }
    return findings;
  },
};
