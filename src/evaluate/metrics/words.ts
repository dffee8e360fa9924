/** Writing without spaces between words: there each character counts as a word, as MLQA has it for Chinese. */
const UNSPACED = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]/gu;

const apart = (text: string): string => text.replace(UNSPACED, ' $& ');
const split = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/**
 * Words as SQuAD compares answers (its evaluate-v2.0.py): lower case, without punctuation and the articles a, an, the. Beside
 * the punctuation of ASCII that of every script is left out.
 */
export function squadWords(text: string): string[] {
  const bare = text.toLowerCase().replace(/[\p{P}$+<=>^`|~]/gu, '');
  return split(apart(bare.replace(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, ' ')));
}

/**
 * Words as rouge-score takes them without a stemmer: runs of letters and digits in lower case. rouge-score knows those of ASCII
 * only, here they are of every script; on English text the words are the same.
 */
export function rougeWords(text: string): string[] {
  return split(apart(text.toLowerCase()).replace(/[^\p{L}\p{M}\p{N}]+/gu, ' '));
}
