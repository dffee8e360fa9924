import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { CALLS, type Call, type EngineCalls, type GenerateEvent } from '../../src/engine/calls.ts';
import { WebLoraError } from '../../src/errors.ts';
import { connectEngine, type EngineClient } from './client.ts';
import { serveEngine } from './serve.ts';

const GENERATE = { model: 'model-1', input: { text: 'x' } };

/** An engine of which only the calls of a test do anything. */
function engineWith(calls: Partial<EngineCalls>): EngineCalls {
  const missing = Object.keys(CALLS).map((name) => [name, () => Promise.reject(new Error(`${name} is not scripted`))]);
  return { ...(Object.fromEntries(missing) as unknown as EngineCalls), dispose: () => Promise.resolve(null), ...calls };
}

describe('the border between a page and the engine', () => {
  const open: EngineClient[] = [];
  afterEach(async () => {
    for (const client of open.splice(0)) await client.dispose();
  });

  const connect = (calls: Partial<EngineCalls>): EngineClient => {
    const { port1, port2 } = new MessageChannel();
    serveEngine(engineWith(calls), port2);
    const client = connectEngine(port1, () => {
      port1.close();
      port2.close();
    });
    open.push(client);
    return client;
  };

  it('gives answers as values and what is thrown as a failure with its code', async () => {
    const client = connect({
      listRuns: () => Promise.resolve([]),
      readRun: () => Promise.reject(new WebLoraError('file-not-found', 'run', { got: 'none' })),
    });
    expect(await client.listRuns()).toEqual({ ok: true, value: [] });
    expect(await client.readRun('a')).toEqual({
      ok: false,
      error: { code: 'file-not-found', message: 'run: got none' },
    });
    expect(await client.describe()).toMatchObject({ ok: false, error: { code: 'internal' } });
  });

  it('moves the bytes of an answer instead of copying them', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const client = connect({ adapterFiles: () => Promise.resolve([{ name: 'a', bytes }]) });
    expect(await client.adapterFiles('adapter-1', 'peft')).toEqual({
      ok: true,
      value: [{ name: 'a', bytes: Uint8Array.of(1, 2, 3) }],
    });
    expect(bytes.byteLength, 'the engine keeps none').toBe(0);
  });

  it('tells progress on the way to an answer, and passes an abort on', async () => {
    const client = connect({
      checkModel: async (model, { emit, signal }) => {
        for (let done = 1; done <= 3; done += 1)
          emit({ phase: 'checking the model', done, total: model === 'm' ? 3 : 0, unit: 'bytes' });
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw new WebLoraError('aborted', 'stopped');
      },
    });
    const stop = new AbortController();
    const seen: number[] = [];
    const result = await client.checkModel('m', {
      onProgress: ({ seq, done }) => {
        seen.push(seq, done);
        if (done === 3) stop.abort();
      },
      signal: stop.signal,
    });
    expect(seen).toEqual([0, 1, 1, 2, 2, 3]);
    expect(result).toMatchObject({ ok: false, error: { code: 'aborted' } });
  });

  it('tells all progress before the answer, however late its port is read', async () => {
    const client = connect({
      checkModel: (_model, { emit }) => {
        for (let done = 1; done <= 50; done += 1) emit({ phase: 'checking the model', done, total: 50, unit: 'bytes' });
        return Promise.resolve([]);
      },
    });
    for (let call = 0; call < 50; call += 1) {
      let last = 0;
      const result = await client.checkModel('m', { onProgress: ({ done }) => (last = done) });
      expect(result.ok).toBe(true);
      expect(last).toBe(50);
    }
  });

  it('streams the events of a call that has begun, up to the last one', async () => {
    let call: Call<GenerateEvent> | undefined;
    const client = connect({
      generate: (_request, given) => {
        call = given;
        return Promise.resolve(null);
      },
    });
    const stop = new AbortController();
    const started = await client.generate(GENERATE, stop.signal);
    if (!started.ok || call === undefined) throw new Error('the answer did not begin');
    call.emit({ kind: 'text', text: 'a' });
    call.emit({ kind: 'text', text: 'b' });
    const texts: string[] = [];
    for await (const event of started.value.events) {
      if (event.kind === 'text') texts.push(event.text);
      if (texts.length === 2 && !stop.signal.aborted) {
        stop.abort();
        call.signal.addEventListener('abort', () =>
          call?.emit({ kind: 'failed', error: { code: 'aborted', message: 'stopped' } }),
        );
      }
      if (event.kind === 'failed') texts.push(event.error.code);
    }
    expect(texts).toEqual(['a', 'b', 'aborted']);
  });

  it('ends every open call when the engine is closed, and fails those made after', async () => {
    const client = connect({ listRuns: () => new Promise(() => undefined) });
    const waiting = client.listRuns();
    await client.dispose();
    open.length = 0;
    const aborted = { ok: false, error: { code: 'aborted', message: 'the engine was closed' } };
    expect(await waiting).toEqual(aborted);
    expect(await client.listRuns()).toEqual(aborted);
    expect(await client.died).toEqual(aborted.error);
  });

  it('keeps nothing of a call that was answered', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const client = connect({
      listRuns: () => Promise.resolve([]),
      checkModel: (_model, { emit }) => {
        emit({ phase: 'checking the model', done: 1, total: 1, unit: 'bytes' });
        return Promise.resolve([]);
      },
    });
    const heapNow = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const ask = async (calls: number): Promise<void> => {
      for (let i = 0; i < calls; i += 1) {
        await client.listRuns();
        if (i % 10 === 0) await client.checkModel('m', { onProgress: () => undefined });
      }
    };
    await ask(4000);
    const before = heapNow();
    await ask(4000);
    // Ports that were closed are let go of in turns of their own.
    await expect.poll(() => (heapNow() - before) / 4000, { message: 'bytes of heap a call' }).toBeLessThan(50);
  });
});
