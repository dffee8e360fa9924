import { signal } from '@preact/signals';

/** Held by the one tab that trains, for as long as its run goes on. The browser frees it when a tab is closed or dies. */
const TURN = 'web-lora-page/training';
/** Beside it, the run's name: what other tabs see of it. */
const RUN = 'web-lora-page/run/';
const NEWS = 'web-lora-page';

/** Web Locks need a secure context, and so does the storage that tabs share: without them there is nothing to keep apart. */
const locks = (): LockManager | undefined => ('locks' in navigator ? navigator.locks : undefined);

/** Runs that other tabs train now. */
export const runsOfOtherTabs = signal<ReadonlySet<string>>(new Set());

let ownRun: string | undefined;
const news = 'BroadcastChannel' in globalThis ? new BroadcastChannel(NEWS) : undefined;

type GiveBack = () => void;

/**
 * @returns what gives the lock back; undefined where it is not to be had at once and `ifAvailable` is set
 * @throws AbortError where `signal` aborts first
 */
async function hold(name: string, options: LockOptions): Promise<GiveBack | undefined> {
  const manager = locks();
  if (manager === undefined) return () => undefined;
  try {
    return await new Promise<GiveBack | undefined>((resolve, reject) => {
      const asked = manager.request(name, options, (lock) => {
        if (lock === null) return resolve(undefined);
        return new Promise<void>((letGo) => resolve(letGo));
      });
      asked.catch(reject);
    });
  } catch (thrown) {
    // A browser that refuses locks to this frame refuses it the shared storage too.
    if (thrown instanceof DOMException && thrown.name === 'SecurityError') return () => undefined;
    throw thrown;
  }
}

/**
 * Waits until no other tab trains, and keeps others waiting until the turn is given back: two runs on one graphics chip
 * would share its memory and its time.
 * @param onWait another tab trains now
 * @returns what gives the turn back
 * @throws AbortError where `signal` aborts before the turn came
 */
export async function takeTurn(out: string, signal: AbortSignal, onWait: () => void): Promise<GiveBack> {
  let giveTurnBack = await hold(TURN, { ifAvailable: true });
  if (giveTurnBack === undefined) {
    onWait();
    giveTurnBack = await hold(TURN, { signal });
  }
  ownRun = out;
  const giveRunBack = await hold(RUN + out, {});
  news?.postMessage('began');
  return () => {
    ownRun = undefined;
    giveRunBack?.();
    giveTurnBack?.();
  };
}

async function heldNames(): Promise<string[]> {
  const { held = [] } =
    (await locks()
      ?.query()
      .catch(() => undefined)) ?? {};
  return held.map(({ name }) => name ?? '');
}

async function look(): Promise<void> {
  const runs = (await heldNames()).filter((name) => name.startsWith(RUN)).map((name) => name.slice(RUN.length));
  runsOfOtherTabs.value = new Set(runs.filter((out) => out !== ownRun));
}

/**
 * Follows what other tabs train, from now on.
 * @param onEnd a run of another tab ended, however it did
 */
export async function watchOtherTabs(onEnd: () => Promise<void>): Promise<void> {
  const awaited = new Set<string>();
  const follow = async (): Promise<void> => {
    await look();
    for (const out of runsOfOtherTabs.value) {
      if (awaited.has(out)) continue;
      awaited.add(out);
      // A tab that was closed says nothing; its lock is freed all the same.
      void locks()
        ?.request(RUN + out, { mode: 'shared' }, () => undefined)
        .then(async () => {
          awaited.delete(out);
          await look();
          await onEnd();
        });
    }
  };
  news?.addEventListener('message', () => void follow());
  await follow();
}
