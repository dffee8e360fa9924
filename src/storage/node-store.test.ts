import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeNodeStore } from './node-store.ts';
import { describeStore } from './store-contract.ts';

function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'web-lora-store-'));
}

describeStore('node', async () => {
  const folder = makeFolder();
  return {
    store: makeNodeStore(folder),
    second: makeNodeStore(folder),
    dispose: async () => rmSync(folder, { recursive: true }),
  };
});

describe('node store', () => {
  let folder: string;
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const lockText = (owner: Record<string, unknown>) =>
    JSON.stringify({ host: hostname(), startedAt: '', token: 'x', ...owner });

  async function deadPid(): Promise<number> {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    if (child.pid === undefined) throw new Error('the child did not start');
    return child.pid;
  }

  it('takes over the lock of a process that is gone, once, whenever the others come', async () => {
    const pid = await deadPid();
    const store = makeNodeStore(folder);
    for (let round = 0; round < 25; round++) {
      writeFileSync(join(folder, 'lock'), lockText({ pid, token: `${round}` }));
      const asked = await Promise.allSettled(
        Array.from({ length: 6 }, async (_, place) => {
          for (let turn = 0; turn < place; turn++) await setImmediate();
          return store.lock('lock');
        }),
      );
      const taken = asked.filter((result) => result.status === 'fulfilled');
      expect(taken).toHaveLength(1);
      for (const result of asked)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'locked' });
      expect(readdirSync(folder)).toEqual(['lock']);
      for (const { value } of taken) await value.release();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('takes over when whoever was taking over is gone too', async () => {
    const text = lockText({ pid: await deadPid() });
    for (const name of ['lock', 'lock.takeover']) writeFileSync(join(folder, name), text);
    await (await makeNodeStore(folder).lock('lock')).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes over a damaged lock file', async () => {
    writeFileSync(join(folder, 'lock'), '{"pid":');
    await (await makeNodeStore(folder).lock('lock')).release();
  });

  it('respects the lock of a live process and tells which', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    writeFileSync(join(folder, 'lock'), lockText({ pid: child.pid }));
    await expect(makeNodeStore(folder).lock('lock')).rejects.toMatchObject({
      code: 'locked',
      message: `${join(folder, 'lock')}: got a lock held by process ${String(child.pid)}, wanted one writer at a time; wait for that run to end or stop it`,
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await makeNodeStore(folder).lock('lock')).release();
  });

  // Root is refused nothing here.
  if (existsSync('/proc/self/stat') && process.getuid?.() !== 0)
    it('is not fooled by a process number used again', async () => {
      writeFileSync(join(folder, 'lock'), lockText({ pid: process.pid, startedAt: 'another boot/1' }));
      await (await makeNodeStore(folder).lock('lock')).release();
    });

  it('cannot judge a process of another computer, and says what to do', async () => {
    writeFileSync(join(folder, 'lock'), lockText({ pid: 1, host: 'elsewhere.example' }));
    await expect(makeNodeStore(folder).lock('lock')).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(
        /process 1 on elsewhere\.example.*; if that run is no longer alive, delete .*lock and start again$/,
      ) as unknown,
    });
  });

  if (existsSync('/dev/full'))
    it('turns a full disk into advice', async () => {
      await expect(makeNodeStore('/dev').append('full', 'x')).rejects.toMatchObject({
        code: 'storage',
        message:
          '/dev/full cannot be written: got a full disk or a used-up quota, wanted free space; remove old runs or free disk space, then resume the run',
      });
    });

  // Root is refused nothing here, and gets another error.
  if (existsSync('/proc/self/stat') && process.getuid?.() !== 0)
    it('turns a refused permission into advice', async () => {
      await expect(makeNodeStore('/proc/self').write('stat', 'x')).rejects.toMatchObject({
        code: 'storage',
        message: expect.stringMatching(
          /permission denied.*; choose another folder or change its permissions$/,
        ) as unknown,
      });
    });
});
