/** Answers of the tuned model to some questions. */
export interface Score {
  readonly asked: number;
  readonly right: number;
}

/** What is known of a run when it ends. */
export interface Evidence {
  /** Questions kept back from training. */
  readonly heldOut?: Score;
  /** Trained questions, word for word. */
  readonly trained?: Score;
  /** Trained questions in other words. */
  readonly rephrased?: Score;
  /** Whether time was up before all questions were asked. */
  readonly isOutOfTime?: boolean;
}

export type Verdict =
  /** Nearly all of the questions it never saw are right. */
  | ({ readonly kind: 'ready' } & Score)
  /** It repeats what it was taught, and fails when asked differently. */
  | ({ readonly kind: 'by-heart' } & Score)
  /** `of`: which questions are counted; trained ones where too few were kept back. */
  | ({ readonly kind: 'not-yet'; readonly of: 'heldOut' | 'trained' } & Score)
  /** Too few questions to tell; `taught` where at least the trained ones are right. */
  | { readonly kind: 'too-few'; readonly isTaught: boolean }
  /** There were questions enough, and the device was too slow to ask them. */
  | { readonly kind: 'out-of-time' };

/** Share of right answers that counts as passed. */
export const PASS = 0.8;
/** Fewer answers than this say nothing: three of three is luck once in eight at even odds. */
export const MIN_ASKED = 5;
/** Share of the trained questions that must be right for "learned by heart". */
const BY_HEART = 0.7;

const shareOf = ({ asked, right }: Score): number => (asked === 0 ? 0 : right / asked);
const tells = (score: Score | undefined): score is Score => score !== undefined && score.asked >= MIN_ASKED;

/** What a run's result is worth. The held-out questions decide; trained ones only say why those fail. */
export function judge({ heldOut, trained, rephrased, isOutOfTime = false }: Evidence): Verdict {
  const knowsTrained = tells(trained) && shareOf(trained) >= BY_HEART;
  if (tells(heldOut)) {
    const { asked, right } = heldOut;
    if (shareOf(heldOut) >= PASS) return { kind: 'ready', asked, right };
    if (knowsTrained && shareOf(heldOut) < 0.5) return { kind: 'by-heart', asked, right };
    return { kind: 'not-yet', of: 'heldOut', asked, right };
  }
  if (tells(rephrased) && knowsTrained && shareOf(rephrased) < 0.5) {
    return { kind: 'by-heart', asked: rephrased.asked, right: rephrased.right };
  }
  if (tells(trained) && !knowsTrained)
    return { kind: 'not-yet', of: 'trained', asked: trained.asked, right: trained.right };
  return isOutOfTime ? { kind: 'out-of-time' } : { kind: 'too-few', isTaught: knowsTrained };
}

/** Whether the page may show a result as a success. */
export const isSuccess = ({ kind }: Verdict): boolean => kind === 'ready';

export type NextStep = 'try' | 'longer' | 'rows';

/** The one thing to do next: a run that fails both ways needs more steps once, and then more rows. */
export function nextStep(verdict: Verdict, wasLong: boolean): NextStep {
  if (verdict.kind === 'ready' || verdict.kind === 'out-of-time') return 'try';
  if (verdict.kind === 'not-yet' && !wasLong) return 'longer';
  return 'rows';
}
