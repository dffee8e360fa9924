import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { ROW_KINDS, type RowKind } from '../data/rows.ts';
import { dpo } from './dpo.ts';
import { ipo } from './ipo.ts';
import { kto } from './kto.ts';
import type { Objective, ObjectiveKind, ObjectiveSettings, RowSource } from './objective.ts';
import { orpo } from './orpo.ts';
import { sft } from './sft.ts';
import { simpo } from './simpo.ts';

/** Every objective; `--objective`, the page and the library follow it. */
const KINDS = { sft, dpo, ipo, orpo, kto, simpo } as const;

export type ObjectiveName = keyof typeof KINDS;

export const OBJECTIVES: { readonly [Name in ObjectiveName]: ObjectiveKind<Name> } = KINDS;
export const OBJECTIVE_NAMES = Object.keys(KINDS) as readonly ObjectiveName[];

/** What decides a run's objective. */
export interface ObjectiveChoice extends ObjectiveSettings {
  readonly objective: ObjectiveName;
}

export function objectiveOf({ objective, ...settings }: ObjectiveChoice): Objective {
  return OBJECTIVES[objective].make(settings);
}

/** The objectives that read a setting. */
export function readersOf(key: keyof ObjectiveSettings): readonly ObjectiveName[] {
  return OBJECTIVE_NAMES.filter((name) => OBJECTIVES[name].reads.includes(key));
}

/** The objectives that train on rows of a kind, `dpo, ipo or orpo`. */
export function trainsOn(kind: RowKind): string {
  const names = OBJECTIVE_NAMES.filter((name) => OBJECTIVES[name].rows === kind);
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}

/** Why a row of another kind is no row among those that an objective trains on. */
export function unfitRow(kind: RowKind, { rows }: RowSource): { readonly reason: string; readonly fix: string } {
  return {
    reason: `${ROW_KINDS[kind].one}, wanted ${ROW_KINDS[rows].many}`,
    fix: `train with the objective ${trainsOn(kind)}, or remove the row`,
  };
}

/** A file in which no row is of the kind that an objective trains on. */
export function unfitFile(file: string, line: number, kind: RowKind, { rows }: RowSource): WebLoraError {
  return new WebLoraError('unsupported', `${file}:${line}`, {
    got: ROW_KINDS[kind].one,
    wanted: `${ROW_KINDS[rows].many}, which the objective ${trainsOn(rows)} trains on`,
    fix: phrase`choose ${setting('objective')} ${trainsOn(kind)}, or another file`,
  });
}
