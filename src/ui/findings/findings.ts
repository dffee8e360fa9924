import { effect, signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { FindingKind } from '../../data/check/finding.ts';
import type { FoundKind, SetFindings, SetFix } from '../../../workers/data/contract.ts';
import { checkSet, examples, fixSet, revision, type ExampleSet } from '../examples/examples.ts';

export type FindingsState =
  | { readonly kind: 'none' }
  | { readonly kind: 'looking'; /** 0 to 1 */ readonly share: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'done'; readonly found: SetFindings };

/** What is wrong with the open examples, as `weblora data check` finds it. */
export const findings = signal<FindingsState>({ kind: 'none' });
/** Kinds that the person wants as they are, of the set with this name. */
const accepted = signal<{ readonly set: string; readonly kinds: readonly FindingKind[] }>({ set: '', kinds: [] });
/** How many rows the last fix was about, until something else changes them. */
export const lastFix = signal<{ readonly kind: FindingKind; readonly rows: number } | undefined>(undefined);

let looking: AbortController | undefined;

export async function look(): Promise<void> {
  looking?.abort();
  const mine = (looking = new AbortController());
  findings.value = { kind: 'looking', share: 0 };
  const result = await checkSet(mine.signal, ({ done, total }) => {
    if (looking === mine) findings.value = { kind: 'looking', share: done / Math.max(1, total) };
  });
  if (looking !== mine) return;
  looking = undefined;
  if (result.ok) findings.value = { kind: 'done', found: result.value };
  else if (result.error.code === 'aborted') findings.value = { kind: 'stopped' };
  else findings.value = { kind: 'failed', failure: result.error };
}

export function stopLooking(): void {
  looking?.abort();
}

/** Looks again with every change of the open set. */
export function watchFindings(): void {
  effect(() => {
    const isReady = revision.value > 0 && examples.peek().kind === 'ready';
    looking?.abort();
    looking = undefined;
    findings.value = { kind: 'none' };
    lastFix.value = undefined;
    if (isReady) void look();
  });
}

const nameOf = (set: ExampleSet): string => `${set.source} ${set.facts.name}`;

/** Whether the person has said that findings of this kind are as they should be. */
export const isAccepted = (set: ExampleSet, kind: FindingKind): boolean =>
  accepted.value.set === nameOf(set) && accepted.value.kinds.includes(kind);

export function accept(set: ExampleSet, kind: FindingKind, isWanted: boolean): void {
  const name = nameOf(set);
  const others = accepted.peek().set === name ? accepted.peek().kinds.filter((one) => one !== kind) : [];
  accepted.value = { set: name, kinds: isWanted ? [...others, kind] : others };
}

/** Does what a button says; what it did can be undone until the rows are changed in another way. */
export async function fixFinding(kind: FindingKind, rows: number, fix: SetFix): Promise<void> {
  lastFix.value = undefined;
  if (await fixSet(fix)) lastFix.value = { kind, rows };
}

/** What a page shows of its findings: rows that cannot be read are told of where the file is. */
export const shownKinds = ({ kinds }: SetFindings): readonly FoundKind[] =>
  kinds.filter(({ kind, groups }) => kind !== 'unusable' && groups.some(({ isUnreadable }) => !isUnreadable));
