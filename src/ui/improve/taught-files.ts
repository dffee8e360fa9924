/** What the files are called that a run on top of another one is trained on: its record tells by them how it came about. */
export const CORRECTION_FILE = 'correction.jsonl';
export const PAIRS_FILE = 'comparisons.jsonl';
