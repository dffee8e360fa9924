import { effect, signal } from '@preact/signals';
import { endsWithTab } from './only-here.ts';
import { persistedSignal } from './persisted.ts';
import { t } from '../messages/language.ts';
import { address } from './place.ts';
import { readRunName } from '../train/run-name.ts';
import { isTraining, run } from '../train/training.ts';

const NAME = 'WebLoRA';
const isFlag = (value: unknown): boolean => typeof value === 'boolean';

/** Whether the screen is kept awake while a run goes on; without it many devices sleep and stop the run. */
export const keepAwake = persistedSignal('keep-awake', true, isFlag);
/** Whether the system tells when a run is done, where the browser was allowed to. */
export const tellWhenDone = persistedSignal('tell-when-done', false, isFlag);

export const canNotify = 'Notification' in globalThis;
/** Whether the browser was asked for notifications and refused. */
export const cannotTell = signal(false);

/** Asks the browser when the person ticks the box, and at no other time. The tick stays while the browser asks. */
export async function setTellWhenDone(wanted: boolean): Promise<void> {
  tellWhenDone.value = wanted && canNotify;
  if (!tellWhenDone.value) return;
  const isGranted = (await Notification.requestPermission()) === 'granted';
  // The person may have thought better of it.
  if (!tellWhenDone.value) return;
  tellWhenDone.value = isGranted;
  cannotTell.value = !isGranted;
}

let awake: WakeLockSentinel | undefined;
let isAsking = false;
const wantsAwake = (): boolean => isTraining.peek() && keepAwake.peek();

async function holdAwake(): Promise<void> {
  if (awake !== undefined || isAsking || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
  isAsking = true;
  try {
    const held = await navigator.wakeLock.request('screen');
    // A run may have ended while the browser thought about it.
    if (!wantsAwake()) return await held.release();
    awake = held;
    held.addEventListener('release', () => (awake = undefined));
  } catch {
    // Refused, on a low battery for one: the run goes on without it.
  } finally {
    isAsking = false;
  }
}

function notify(text: string): void {
  if (!tellWhenDone.peek() || !canNotify || Notification.permission !== 'granted') return;
  if (document.visibilityState === 'visible') return;
  try {
    new Notification(NAME, { body: text, tag: 'web-lora-run' });
  } catch {
    // Phones only allow notifications of a service worker.
  }
}

/** The tab's title with progress, the question before a run or its only copy is closed by accident, the wake lock, the notification. */
export function watchLeaving(): void {
  const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
  effect(() => {
    const { step = 0, totalSteps = 0, phase } = run.value ?? {};
    const { place, isStart, use } = address.value;
    const where = isStart ? NAME : `${use === undefined ? t().places[place] : readRunName(use).title} · ${NAME}`;
    const percent = totalSteps === 0 ? 0 : Math.floor((100 * step) / totalSteps);
    const progress = phase === 'waiting' ? t().tabTitle.waiting : `${percent} %`;
    document.title = isTraining.value
      ? `${progress} · ${NAME}`
      : phase === 'finished' && use === undefined
        ? `${t().tabTitle.done} · ${NAME}`
        : where;
  });
  effect(() => {
    if (isTraining.value || endsWithTab.value) addEventListener('beforeunload', ask);
    else removeEventListener('beforeunload', ask);
  });
  effect(() => {
    if (isTraining.value && keepAwake.value) void holdAwake();
    else void awake?.release();
  });
  // The system takes the lock back whenever the tab is hidden.
  document.addEventListener('visibilitychange', () => {
    if (wantsAwake()) void holdAwake();
  });
  let previous: string | undefined;
  effect(() => {
    const phase = run.value?.phase;
    if (phase === 'finished' && previous !== undefined) notify(t().tabTitle.finished);
    if (phase === 'failed' && previous !== undefined) notify(t().tabTitle.failed);
    previous = phase;
  });
}
