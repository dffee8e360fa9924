/** What an answer can be asked to reach; `usual`: what suits the answers, decided by the engine. */
export const BAR_KINDS = ['usual', 'exactMatch', 'tokenF1'] as const;
export type BarKind = (typeof BAR_KINDS)[number];

/** What is wanted of a run, said before it begins. */
export interface WantedBar {
  readonly kind: BarKind;
  /** Of all answers, 1 to 100; of `usual` without effect. */
  readonly percent: number;
  /** Whether no price, date or link may be made up. */
  readonly noneInvented: boolean;
}

export const USUAL_BAR: WantedBar = { kind: 'usual', percent: 90, noneInvented: false };

/** A bar in few letters, so that a list of them is a record of texts: `exactMatch 90 1`. */
export const writeBar = ({ kind, percent, noneInvented }: WantedBar): string =>
  `${kind} ${percent} ${noneInvented ? 1 : 0}`;

export function readBar(text: string): WantedBar {
  const [name, percent, none] = text.split(' ');
  const kind = BAR_KINDS.find((one) => one === name);
  const share = Number(percent);
  if (kind === undefined || !(share >= 1 && share <= 100)) return USUAL_BAR;
  return { kind, percent: share, noneInvented: none === '1' };
}

/** As a gate file has it; undefined for the usual one. */
export function gateOf({ kind, percent, noneInvented }: WantedBar): readonly object[] | undefined {
  if (kind === 'usual') return undefined;
  const bar = { metric: kind, atLeast: percent / 100 };
  return noneInvented ? [bar, { metric: 'hallucination.free', atLeast: 1 }] : [bar];
}
