import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { storeSink, zipSink } from './sink.ts';

it('a zip says where each of its files lies, so that they can be read without unpacking', async () => {
  const store = makeMemoryStore();
  const sink = zipSink(storeSink(store, ''), 'model.zip');
  const files = new Map([
    ['config.json', [Uint8Array.of(1, 2, 3)]],
    ['empty', []],
    ['gewichte-ä.safetensors', [new Uint8Array(1000).fill(7), Uint8Array.of(8)]],
  ]);
  for (const [name, parts] of files) {
    const file = await sink.open(name);
    for (const part of parts) await file.write(part);
    await file.close();
  }
  await sink.commit();
  const zip = await store.read('model.zip');
  expect(Object.keys(unzipSync(zip))).toEqual([...files.keys()]);
  for (const [name, content] of Object.entries(unzipSync(zip))) {
    const { offset = -1, size = -1 } = sink.entries.get(name) ?? {};
    expect([name, zip.subarray(offset, offset + size)]).toEqual([name, content]);
  }
});
