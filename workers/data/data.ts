import { inspectColumns, readDataRows } from '../../src/data/read-rows.ts';
import type { FileNote } from '../../src/data/rows.ts';
import { toFailure, WebLoraError } from '../../src/errors.ts';
import type { Result } from '../engine/contract.ts';
import type { DataApi } from './contract.ts';
import { OpenSet } from './open-set.ts';

async function attempt<T>(body: () => T | Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await body() };
  } catch (thrown) {
    return { ok: false, error: toFailure(thrown) };
  }
}

/** What the data worker answers with. Frozen: comlink would otherwise let the page replace its functions. */
export function makeDataApi(): DataApi {
  let current: OpenSet | undefined;
  const open = (next: OpenSet): void => {
    current?.stopCheck();
    current = next;
  };
  const set = (): OpenSet => {
    if (current === undefined) throw new WebLoraError('internal', 'no examples are open');
    return current;
  };
  return Object.freeze<DataApi>({
    openFile: ({ name, bytes, columns }, given) =>
      attempt(async () => {
        const options = { ...(columns && { columns }), ...given };
        const table = options.columns === undefined ? await inspectColumns(bytes, name, options) : undefined;
        if (table?.isClear === false && table.columns !== undefined) return { kind: 'columns', table } as const;
        const { rows, problems, notes } = await readDataRows(bytes, name, options);
        open(new OpenSet(name, rows, problems, notes));
        return { kind: 'ready', facts: set().facts() } as const;
      }),
    openSnapshot: ({ name, bytes, problems, notes, neverHeld }) =>
      attempt(async () => {
        const isEmpty = !bytes.some((byte) => byte > 0x20);
        const { rows } = isEmpty ? { rows: [] } : await readDataRows(bytes, 'kept.jsonl');
        // Version 0.1.0 persisted notes as texts.
        const asNotes = notes.map((note: FileNote | string) => (typeof note === 'string' ? { text: note } : note));
        open(new OpenSet(name, rows, problems, asNotes, neverHeld));
        return set().facts();
      }),
    snapshot: () => attempt(() => set().snapshot()),
    rows: (from, count) => attempt(() => set().shown(from, count)),
    rowFile: (index) => attempt(() => set().rowFile(index)),
    check: (file, keepsBack, onProgress) =>
      attempt(async () => {
        const checked = set();
        const heldOut = file && (await readDataRows(file.bytes, file.name)).rows;
        return checked.check(heldOut, keepsBack, onProgress);
      }),
    stopCheck: () =>
      attempt(() => {
        current?.stopCheck();
        return null;
      }),
    numbersOf: (lines) => attempt(() => set().numbersOf(lines)),
    foundRows: (kind, lines) => attempt(() => set().foundRows(kind, lines)),
    fix: (what) =>
      attempt(() => {
        set().fix(what);
        return set().facts();
      }),
    edit: (edit) =>
      attempt(() => {
        set().edit(edit);
        return set().facts();
      }),
    trainingSet: (file, keepsBack) =>
      attempt(async () => {
        const heldOut = file && { file, rows: (await readDataRows(file.bytes, file.name)).rows };
        return set().trainingSet(heldOut, keepsBack);
      }),
  });
}
