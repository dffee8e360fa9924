import { describe, expect, it } from 'vitest';
import { makeMemoryStore } from './memory-store.ts';
import { describeStore } from './store-contract.ts';

describeStore('memory', async () => {
  const store = makeMemoryStore();
  return { store, second: store, dispose: async () => undefined };
});

describe('the faults of a memory store', () => {
  it('leave what was written before the disk was full', async () => {
    const store = makeMemoryStore();
    store.faults.bytesLeft = 5;
    await store.write('a', 'abc');
    await expect(store.write('b', 'defg')).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: b cannot be written: got a full disk or a used-up quota, wanted free space; remove old runs or free disk space, then resume the run]`,
    );
    expect(await store.readText('b')).toBe('de');
    await expect(store.append('a', '!')).rejects.toMatchObject({ code: 'storage' });
    await expect(store.replace('b', 'a')).rejects.toMatchObject({ code: 'storage' });
    expect(await store.readText('a')).toBe('abc');
  });

  it('stop at any operation', async () => {
    const store = makeMemoryStore();
    store.faults.operationsLeft = 2;
    await store.write('a', 'abc');
    await store.write('b', 'abc');
    await expect(store.replace('b', 'a')).rejects.toMatchObject({ code: 'storage' });
    store.faults.operationsLeft = Infinity;
    await store.replace('b', 'a');
    expect(await store.list('')).toEqual([{ name: 'a', kind: 'file' }]);
  });
});
