import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileStore } from './store.ts';

export interface StoreUnderTest {
  readonly store: FileStore;
  /** Another view of the same files and locks, as a second tab or run has it. */
  readonly second: FileStore;
  dispose(): Promise<void>;
}

/** What every store promises; run it once per implementation, each time on an empty store. */
export function describeStore(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`${name} store`, () => {
    let subject: StoreUnderTest;
    let store: FileStore;
    beforeEach(async () => {
      subject = await makeStore();
      store = subject.store;
    });
    afterEach(() => subject.dispose());

    describe('files', () => {
      it('reads back bytes and text, making the folders on the way', async () => {
        const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i * 7);
        await store.write('a/b/data.bin', bytes.subarray(3));
        expect(await store.read('a/b/data.bin')).toEqual(bytes.slice(3));
        await store.write('a/text.txt', 'Grüße 🙂\n');
        expect(await store.readText('a/text.txt')).toBe('Grüße 🙂\n');
        expect(await store.size('a/text.txt')).toBe(13);
      });

      it('replaces longer content by shorter, and empty content is a file', async () => {
        await store.write('f', 'a long first text');
        await store.write('f', 'short');
        expect(await store.readText('f')).toBe('short');
        await store.write('f', '');
        expect([await store.exists('f'), await store.size('f')]).toEqual([true, 0]);
      });

      it('hands out copies', async () => {
        const given = Uint8Array.of(1, 2, 3);
        await store.write('f', given);
        given[0] = 9;
        (await store.read('f'))[1] = 9;
        expect([...(await store.read('f'))]).toEqual([1, 2, 3]);
      });

      it('appends, and cuts back', async () => {
        await store.append('m/metrics.jsonl', 'one\n');
        await store.append('m/metrics.jsonl', 'two\n');
        expect(await store.readText('m/metrics.jsonl')).toBe('one\ntwo\n');
        await store.truncate('m/metrics.jsonl', 4);
        await store.append('m/metrics.jsonl', '2\n');
        expect(await store.readText('m/metrics.jsonl')).toBe('one\n2\n');
      });

      it('reads in pieces, and refuses ranges outside', async () => {
        await store.write('big', Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7));
        expect(new Uint8Array(await (await store.blob('big')).arrayBuffer())).toEqual(await store.read('big'));
        const source = await store.open('big');
        expect([source.name, source.size]).toEqual(['big', 8]);
        expect([...(await source.read(2, 3))]).toEqual([2, 3, 4]);
        expect((await source.read(8, 0)).byteLength).toBe(0);
        await expect(source.read(6, 3)).rejects.toMatchObject({ code: 'bad-file' });
        await expect(source.read(-1, 3)).rejects.toMatchObject({ code: 'bad-file' });
      });

      it('writes pieces at any offset, without changing the rest', async () => {
        const writer = await store.openWriter('parts/file');
        await writer.writeAt(4, Uint8Array.of(5, 6, 7));
        await writer.writeAt(0, Uint8Array.of(1));
        await writer.flush();
        await writer.close();
        await writer.close();
        expect([...(await store.read('parts/file'))]).toEqual([1, 0, 0, 0, 5, 6, 7]);
        const again = await store.openWriter('parts/file');
        await again.writeAt(1, Uint8Array.of(2, 3, 4));
        await again.close();
        expect([...(await store.read('parts/file'))]).toEqual([1, 2, 3, 4, 5, 6, 7]);
        const free = await store.freeBytes();
        expect(free === undefined || free > 0).toBe(true);
      });

      it('treats the spellings of a path alike and refuses to leave the root', async () => {
        await store.write('./a//b', 'x');
        expect(await store.readText('a/b')).toBe('x');
        for (const path of ['../x', 'a/../../x', 'a\\b', '']) {
          await expect((async () => store.write(path, 'x'))()).rejects.toMatchObject({ code: 'storage' });
        }
      });

      it('names what is missing', async () => {
        for (const action of [
          () => store.read('no/such'),
          () => store.readText('no'),
          () => store.size('no'),
          () => store.open('no'),
          () => store.truncate('no', 0),
          () => store.replace('no', 'yes'),
        ]) {
          await expect(action()).rejects.toMatchObject({ code: 'file-not-found', message: /no/ });
        }
        expect(await store.exists('no')).toBe(false);
        expect(await store.exists('no/such')).toBe(false);
        expect(await store.list('no')).toEqual([]);
      });
    });

    describe('folders', () => {
      it('lists entries of one folder, sorted', async () => {
        await store.write('run/b.txt', '');
        await store.write('run/a/deep/file', '');
        await store.makeDir('run/empty');
        await store.write('runner', '');
        expect(await store.list('run')).toEqual([
          { name: 'a', kind: 'folder' },
          { name: 'b.txt', kind: 'file' },
          { name: 'empty', kind: 'folder' },
        ]);
        expect((await store.list('')).map(({ name }) => name)).toEqual(['run', 'runner']);
        expect(await store.list('run/empty')).toEqual([]);
        expect(await store.exists('run/a/deep')).toBe(true);
        await store.makeDir('run/empty');
      });

      it('removes files, empty folders, and full ones only when told', async () => {
        await store.write('run/a/file', 'x');
        await expect(store.remove('run')).rejects.toMatchObject({ code: 'storage' });
        await store.remove('run/a/file');
        await store.remove('run/a');
        expect(await store.list('run')).toEqual([]);
        await store.write('run/a/file', 'x');
        await store.write('run2', 'x');
        await store.remove('run', { recursive: true });
        await store.remove('run', { recursive: true });
        await store.remove('absent');
        expect((await store.list('')).map(({ name }) => name)).toEqual(['run2']);
      });

      it('does not mix up files and folders', async () => {
        await store.makeDir('d');
        await store.write('f', 'x');
        await expect(store.write('d', 'x')).rejects.toMatchObject({ code: 'storage' });
        await expect(store.write('f/x', 'x')).rejects.toMatchObject({ code: 'storage' });
        await expect(store.replace('f', 'd')).rejects.toMatchObject({ code: 'storage' });
        expect(await store.readText('f')).toBe('x');
        expect(await store.exists('f/x')).toBe(false);
      });
    });

    describe('replace', () => {
      it('moves a file over another, also into a new folder', async () => {
        await store.write('m.tmp', 'new');
        await store.write('m', 'old and longer');
        await store.replace('m.tmp', 'm');
        expect(await store.readText('m')).toBe('new');
        expect(await store.exists('m.tmp')).toBe(false);
        await store.replace('m', 'made/for/it');
        expect(await store.readText('made/for/it')).toBe('new');
      });
    });

    describe('lock', () => {
      it('refuses a second live writer until the first lets go', async () => {
        const lock = await store.lock('run/lock');
        await expect(store.lock('run/lock')).rejects.toMatchObject({ code: 'locked' });
        await expect(subject.second.lock('run/lock')).rejects.toMatchObject({ code: 'locked' });
        const other = await store.lock('other/lock');
        await lock.release();
        await lock.release();
        const again = await subject.second.lock('run/lock');
        await lock.release();
        await expect(store.lock('run/lock')).rejects.toMatchObject({ code: 'locked' });
        await again.release();
        await other.release();
      });

      it('is given to one of many that ask at once', async () => {
        const asked = await Promise.allSettled(Array.from({ length: 8 }, () => store.lock('lock')));
        const granted = asked.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
        expect(granted.length).toBe(1);
        await Promise.all(granted.map((lock) => lock.release()));
      });
    });
  });
}
