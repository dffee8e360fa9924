import { hashText, wordsOf } from './words.ts';

/**
 * Near-duplicates by MinHash (Broder 1997) over word shingles, found with locality-sensitive hashing in bands (Leskovec,
 * Rajaraman & Ullman, Mining of Massive Datasets, 3.4), each candidate then held to the true Jaccard similarity.
 */

/** Words in a shingle. Pairs, as the rows of a tuning file are short: one word changed in n leaves (n − 2) / (n + 2). */
const SHINGLE_WORDS = 2;
const BANDS = 20;
const ROWS_PER_BAND = 4;
const HASHES = BANDS * ROWS_PER_BAND;

/** A shingle in more rows than this, and in a larger share of them than COMMON_SHARE, is a template's. */
const COMMON_ROWS = 20;
const COMMON_SHARE = 0.1;

/** Slots that count shingles over a file. Two shingles in one slot can only make one of them look more common. */
const COUNT_SLOTS = 1 << 22;

/** The different shingles of a text, as sorted hashes. A text of one word is one shingle. */
export function shinglesOf(text: string): Uint32Array {
  const words = wordsOf(text);
  const hashes = new Set<number>();
  const count = Math.max(1, words.length - SHINGLE_WORDS + 1);
  if (words.length > 0) {
    for (let i = 0; i < count; i++) hashes.add(hashText(words.slice(i, i + SHINGLE_WORDS).join(' ')));
  }
  return Uint32Array.from(hashes).sort();
}

/** |A ∩ B| / |A ∪ B| of two sorted sets; 0 where both are empty. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let [i, j, both] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i] ?? 0, b[j] ?? 0];
    if (x === y) both += 1;
    if (x <= y) i += 1;
    if (y <= x) j += 1;
  }
  const all = a.length + b.length - both;
  return all === 0 ? 0 : both / all;
}

/** Leaves out of every set the shingles that a large part of all sets has, so that a shared template makes nothing alike. */
export function withoutCommon(sets: readonly Uint32Array[]): Uint32Array[] {
  const limit = Math.max(COMMON_ROWS, sets.length * COMMON_SHARE);
  if (sets.length <= limit) return [...sets];
  const counts = new Uint32Array(COUNT_SLOTS);
  for (const set of sets) for (const hash of set) counts[hash % COUNT_SLOTS] = (counts[hash % COUNT_SLOTS] ?? 0) + 1;
  return sets.map((set) => {
    const kept = set.filter((hash) => (counts[hash % COUNT_SLOTS] ?? 0) <= limit);
    return kept.length === set.length ? set : kept;
  });
}

/** Multipliers and offsets of the hash functions, from a fixed generator, so that a file gives the same candidates always. */
const { multipliers, offsets } = (() => {
  let state = 0x9e3779b9;
  const next = (): number => {
    state = Math.imul(state ^ (state >>> 16), 0x85ebca6b) >>> 0;
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35) >>> 0;
    state = (state + 0x6d2b79f5) >>> 0;
    return (state ^ (state >>> 16)) >>> 0;
  };
  return {
    multipliers: Uint32Array.from({ length: HASHES }, () => next() | 1),
    offsets: Uint32Array.from({ length: HASHES }, next),
  };
})();

const signature = new Uint32Array(HASHES);

/** One key for each band of a set's signature. */
function bandKeys(set: Uint32Array, keys: Uint32Array): void {
  signature.fill(0xffffffff);
  for (const shingle of set) {
    for (let k = 0; k < HASHES; k++) {
      // Multiply, add and mix: the low bits of a product alone would make the functions alike.
      let hash = (Math.imul(shingle, multipliers[k] ?? 1) + (offsets[k] ?? 0)) >>> 0;
      hash = (hash ^ (hash >>> 15)) >>> 0;
      if (hash < (signature[k] ?? 0)) signature[k] = hash;
    }
  }
  for (let band = 0; band < BANDS; band++) {
    let key = band + 1;
    for (let r = 0; r < ROWS_PER_BAND; r++) {
      key = Math.imul(key ^ (signature[band * ROWS_PER_BAND + r] ?? 0), 0x9e3779b1);
      key ^= key >>> 15;
    }
    keys[band] = key >>> 0;
  }
}

/** Sets that a new one is compared with in one bucket: more of them share only what says nothing. */
const BUCKET_LIMIT = 64;

/**
 * Pairs of sets with a Jaccard similarity of at least `threshold`, each pair once. Empty sets are like nothing. A pair at
 * 0.7 is a candidate with probability 1 − (1 − 0.7⁴)²⁰ = 0.996.
 * @param accept a pair that it refuses is not returned
 */
export async function similarPairs(
  sets: readonly Uint32Array[],
  threshold: number,
  pause: (done: number, total: number) => Promise<void>,
  accept: (a: number, b: number) => boolean = () => true,
): Promise<[number, number][]> {
  const buckets = Array.from({ length: BANDS }, () => new Map<number, number[]>());
  const keys = new Uint32Array(BANDS);
  const pairs: [number, number][] = [];
  for (let at = 0; at < sets.length; at++) {
    if (at % 256 === 0) await pause(at, sets.length);
    const set = sets[at];
    if (set === undefined || set.length === 0) continue;
    bandKeys(set, keys);
    const compared = new Set<number>();
    for (let band = 0; band < BANDS; band++) {
      const key = keys[band] ?? 0;
      const bucket = buckets[band]?.get(key);
      if (bucket === undefined) {
        buckets[band]?.set(key, [at]);
        continue;
      }
      for (const other of bucket) {
        if (compared.has(other)) continue;
        compared.add(other);
        const known = sets[other];
        if (known !== undefined && jaccard(known, set) >= threshold && accept(other, at)) pairs.push([other, at]);
      }
      if (bucket.length < BUCKET_LIMIT) bucket.push(at);
    }
  }
  return pairs;
}

/** Sets of indexes that pairs tie together, each of two or more, in the order of their first member. */
export function groupPairs(pairs: readonly (readonly [number, number])[]): number[][] {
  const parent = new Map<number, number>();
  const root = (at: number): number => {
    let top = at;
    for (let up = parent.get(top) ?? top; up !== top; up = parent.get(top) ?? top) top = up;
    parent.set(at, top);
    return top;
  };
  for (const [a, b] of pairs) {
    const [x, y] = [root(a), root(b)];
    parent.set(Math.max(x, y), Math.min(x, y));
    if (!parent.has(Math.min(x, y))) parent.set(Math.min(x, y), Math.min(x, y));
  }
  const groups = new Map<number, number[]>();
  for (const at of parent.keys()) {
    const top = root(at);
    const group = groups.get(top);
    if (group === undefined) groups.set(top, [at]);
    else group.push(at);
  }
  return [...groups.values()].map((group) => group.sort((a, b) => a - b)).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}
