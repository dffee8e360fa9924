import { expect, it } from 'vitest';
import { ScriptedTrainer, scriptedRun } from '../../test/harness/scripted-run.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { assertLibrarySize, importLibrary, writeLibrary } from './library-file.ts';
import { listRuns } from './run-library.ts';

async function storeWith(outs: readonly string[]) {
  const store = makeMemoryStore();
  for (const [seed, out] of outs.entries()) {
    const trainer = new ScriptedTrainer(({ lossRows }) => new Array<number>(lossRows.length).fill(1 + seed));
    await scriptedRun(trainer, { steps: 2, saveEvery: 1, seed }, { store, out });
  }
  return store;
}
const asFile = (bytes: Uint8Array<ArrayBuffer>) => ({ name: 'all.weblora', bytes });
const notes = { first: { title: 'Shop', note: 'for the fair', tags: ['good'] }, elsewhere: { note: 'of no run' } };

it.each([undefined, 'correct horse'])(
  'brings every run with its notes to another device, passphrase %s',
  async (pass) => {
    const store = await storeWith(['first', 'second']);
    const { bytes, versions } = await writeLibrary(store, notes, pass);
    expect(versions).toEqual(['first', 'second']);
    const other = makeMemoryStore();
    const imported = await importLibrary(other, asFile(bytes), pass);
    expect(imported).toEqual({
      added: [
        { out: 'first', was: 'first' },
        { out: 'second', was: 'second' },
      ],
      present: [],
      notes: { first: notes.first },
    });
    expect(await listRuns(other)).toEqual(await listRuns(store));
    for (const file of ['adapter_model.safetensors', 'run.json', 'metrics.jsonl']) {
      expect(await other.read(`second/${file}`)).toEqual(await store.read(`second/${file}`));
    }
    expect(await other.exists('second/checkpoints')).toBe(false);
    // Once more: nothing is added twice, and another run under a name that is taken gets one of its own.
    expect(await importLibrary(other, asFile(bytes), pass)).toMatchObject({ added: [], present: ['first', 'second'] });
    const taken = await storeWith(['x', 'y', 'first']);
    await expect(importLibrary(taken, asFile(bytes), pass)).resolves.toMatchObject({
      added: [{ out: 'first-2', was: 'first' }, { out: 'second' }],
      notes: { 'first-2': notes.first },
    });
    expect(await importLibrary(taken, asFile(bytes), pass)).toMatchObject({ added: [], present: ['first', 'second'] });
  },
);

it('shows nothing without the passphrase, and refuses another one and any byte that was changed', async () => {
  const { bytes } = await writeLibrary(await storeWith(['first']), notes, 'correct horse');
  const text = new TextDecoder('latin1').decode(bytes);
  for (const clear of ['first', 'safetensors', 'for the fair', 'weblora-library']) expect(text).not.toContain(clear);
  const store = makeMemoryStore();
  const reading = (given: Uint8Array<ArrayBuffer>, pass?: string) => importLibrary(store, asFile(given), pass);
  await expect(reading(bytes)).rejects.toThrow('a library with a passphrase');
  await expect(reading(bytes, 'correct horse!')).rejects.toThrow('another passphrase');
  // The nonce, the ciphertext, its last byte, and a cut.
  for (const at of [17 + 16, 100, bytes.length - 1]) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(reading(changed, 'correct horse')).rejects.toThrow('changed or cut after it was saved');
  }
  // Cut within the head, it is not the passphrase that is wrong.
  for (const length of [bytes.length - 40, 61, 40, 17])
    await expect(reading(bytes.slice(0, length), 'correct horse')).rejects.toThrow('changed or cut');
  const { bytes: open } = await writeLibrary(await storeWith(['first']), notes);
  await expect(reading(open, 'correct horse')).rejects.toThrow('a file that no passphrase protects');
  expect(await store.list('')).toEqual([]);
});

it('leaves nothing of a library whose files are not those of its list, or that names places outside', async () => {
  const { unzipSync, zipSync } = await import('fflate');
  const { bytes } = await writeLibrary(await storeWith(['first']), {});
  const store = makeMemoryStore();
  const withFiles = (change: (files: Record<string, Uint8Array>) => void) => {
    const files = unzipSync(bytes);
    change(files);
    return importLibrary(store, asFile(new Uint8Array(zipSync(files))));
  };
  await expect(withFiles((files) => (files['first/README.md'] = new Uint8Array(3)))).rejects.toThrow('changed');
  await expect(withFiles((files) => (files['first/more'] = new Uint8Array(3)))).rejects.toThrow('which was not in it');
  await expect(withFiles((files) => delete files['first/run.json'])).rejects.toThrow('missing');
  const index = (files: Record<string, Uint8Array>) => new TextDecoder().decode(files['weblora-library.json']);
  await expect(
    withFiles((files) => {
      files['../run.json'] = files['first/run.json'] ?? new Uint8Array();
      files['weblora-library.json'] = new TextEncoder().encode(index(files).replace('first/run.json', '../run.json'));
      delete files['first/run.json'];
    }),
  ).rejects.toThrow('a file named ../run.json');
  await expect(importLibrary(store, asFile(new Uint8Array(90)))).rejects.toMatchObject({ code: 'bad-file' });
  expect(await store.list('')).toEqual([]);
});

it('leaves nothing where not everything could be written, and names no inherited note or file', async () => {
  const { bytes } = await writeLibrary(await storeWith(['constructor', 'second']), {});
  const full = makeMemoryStore();
  const failing = {
    ...full,
    write: (path: string, content: Uint8Array | string) =>
      path === 'second/run.json' ? Promise.reject(new Error('disk full')) : full.write(path, content),
  };
  await expect(importLibrary(failing, asFile(bytes))).rejects.toThrow('disk full');
  expect(await full.list('')).toEqual([]);
  expect(await importLibrary(full, asFile(bytes))).toMatchObject({ added: [{}, {}], notes: {} });
  const { unzipSync, zipSync } = await import('fflate');
  const more = zipSync({ ...unzipSync(bytes), toString: new Uint8Array(3) });
  await expect(importLibrary(full, asFile(new Uint8Array(more)))).rejects.toThrow('toString, which was not in it');
});

it('reads nothing of a file that is larger than any that was saved', () => {
  expect(() => assertLibrarySize(2 ** 30, 'all.weblora')).not.toThrow();
  expect(() => assertLibrarySize(2 ** 33, 'all.weblora')).toThrow('8589934592 bytes');
});
