import { Pcg32, shuffledIndexes } from './random.ts';

/** Stream of the random numbers that choose replayed rows, apart from those of order and held-out rows. */
const REPLAY_STREAM = 0x4e91a;

/** A row of a mixture: from which of both files, and which of its rows. */
export interface MixedRow {
  readonly from: 'own' | 'replay';
  readonly row: number;
}

/**
 * Own rows in their order with replayed ones spread evenly among them, so that these are `share` of all. Which ones is chosen
 * by the seed, each once before any is taken again.
 * @param share above 0 and below 1
 */
export function mixReplay(ownRows: number, replayRows: number, share: number, seed: number): MixedRow[] {
  const count = Math.max(1, Math.round((ownRows * share) / (1 - share)));
  const order = shuffledIndexes(replayRows, new Pcg32(seed, REPLAY_STREAM));
  const total = ownRows + count;
  const mixed: MixedRow[] = [];
  let replayed = 0;
  for (let at = 0; at < total; at += 1) {
    const due = Math.floor(((at + 1) * count) / total);
    if (due > replayed) mixed.push({ from: 'replay', row: order[replayed++ % replayRows] ?? 0 });
    else mixed.push({ from: 'own', row: at - replayed });
  }
  return mixed;
}
