import { describe, expect, it } from 'vitest';
import { Pcg32 } from '../data/random.ts';
import { isDue, TimeLeft, type RunWork } from './time-left.ts';

/** What things take on a device that exists only here, in seconds. */
interface Device {
  readonly perWork: number;
  readonly firstUpdate: number;
  readonly evaluation: number;
  readonly save: number;
  /** Share by which a single update is slower or faster. */
  readonly noise: number;
}

const EVERY = 20;

/** Updates of very different work, as rows of many lengths make them, evaluated and saved now and then. */
function someWork(updates: number): RunWork {
  const random = new Pcg32(3);
  return {
    updates: Array.from({ length: updates }, () => 1 + 9 * random.nextFloat() ** 3),
    count: updates,
    evaluation: 12,
    evaluations: { every: EVERY, atEnd: updates % EVERY === 0 },
    saves: { every: 10, atEnd: updates % 10 === 0 },
  };
}

/** Lives through a run by a clock of its own. @returns what was told and what was true after each update */
function live(
  work: RunWork,
  device: Device,
  pauseAt?: number,
): { step: number; told: number | undefined; left: number }[] {
  const random = new Pcg32(11);
  let ms = 5000;
  const time = new TimeLeft(work, 0, () => ms);
  const told: { step: number; told: number | undefined; at: number }[] = [];
  let pausedMs = 0;
  work.updates.forEach((amount, index) => {
    const step = index + 1;
    const noise = 1 + device.noise * (2 * random.nextFloat() - 1);
    ms += 1000 * (step === 1 ? device.firstUpdate : amount * device.perWork * noise);
    time.updated(step);
    told.push({ step, told: time.seconds, at: ms - pausedMs });
    if (isDue(work.evaluations, step, work.count)) {
      ms += 1000 * device.evaluation;
      time.evaluated();
    }
    if (isDue(work.saves, step, work.count)) {
      ms += 1000 * device.save;
      time.saved();
    }
    if (step === pauseAt) {
      ms += 3.6e6;
      pausedMs += 3.6e6;
      time.resumed();
    }
  });
  const end = ms - pausedMs;
  return told.map(({ at, ...rest }) => ({ ...rest, left: (end - at) / 1000 }));
}

describe('the time a run still takes', () => {
  it.each([
    [
      'a GPU, which makes dozens of updates a second',
      { perWork: 0.004, firstUpdate: 3, evaluation: 0.05, save: 0.02, noise: 0.2 },
    ],
    ['a laptop', { perWork: 0.05, firstUpdate: 2, evaluation: 0.5, save: 0.1, noise: 0.3 }],
    [
      'a software adapter, whose updates take seconds',
      { perWork: 1.5, firstUpdate: 40, evaluation: 15, save: 1, noise: 0.3 },
    ],
  ])('is known to a quarter after two seconds: %s', (_name, device) => {
    const run = live(someWork(400), device);
    const known = run.filter(({ told }) => told !== undefined);
    const first = known[0];
    // Two seconds after the first update, but for what is being done then.
    const longest = Math.max(10 * device.perWork * (1 + device.noise), device.evaluation);
    const waited = (run[0]?.left ?? 0) - (first?.left ?? 0);
    expect(waited).toBeLessThanOrEqual(Math.max(2 + longest, 2 * longest) + 2 * device.save);
    const half = known.filter(({ step }) => step <= 200);
    expect(half.length).toBeGreaterThan(50);
    for (const { step, told = Number.NaN, left } of half)
      expect(Math.abs(told / left - 1), `after update ${step}`).toBeLessThanOrEqual(0.25);
  });

  it('counts work, not updates: long rows that come late are known to come', () => {
    const work: RunWork = {
      updates: Array.from({ length: 100 }, (_, i) => (i < 50 ? 1 : 8)),
      count: 100,
      evaluation: 0,
      evaluations: { every: Infinity, atEnd: false },
      saves: { every: Infinity, atEnd: false },
    };
    const run = live(work, { perWork: 0.5, firstUpdate: 0.5, evaluation: 0, save: 0, noise: 0 });
    const { told = Number.NaN, left = 0 } = run[9] ?? {};
    expect(left).toBe(20 + 200);
    expect(told).toBeCloseTo(left, 6);
  });

  it('leaves out what the first update took, and pauses', () => {
    const device = { perWork: 0.1, firstUpdate: 600, evaluation: 1, save: 0.5, noise: 0 };
    for (const { step, told, left } of live(someWork(200), device, 60)) {
      if (step < 40) continue;
      expect(Math.abs((told ?? Number.NaN) - left), `after update ${step}`).toBeLessThanOrEqual(1e-6 + 0.001 * left);
    }
  });

  it('begins with no idea, also where a run is resumed, and ends at nothing', () => {
    const work = someWork(30);
    let ms = 0;
    const time = new TimeLeft(work, 25, () => ms);
    expect(time.seconds).toBeUndefined();
    for (let step = 26; step <= 30; step += 1) {
      ms += 1500;
      time.updated(step);
      if (step < 28) expect(time.seconds, `after update ${step}`).toBeUndefined();
    }
    expect(time.seconds).toBe(0);
  });

  it('takes the updates of a very long run that nobody looked at to be like the others', () => {
    const seconds = 3e9;
    let ms = 0;
    const time = new TimeLeft(
      {
        count: 1e9,
        updates: Array.from({ length: 1000 }, () => 5),
        evaluation: 5,
        evaluations: { every: 1e8, atEnd: true },
        saves: { every: 1e8, atEnd: false },
      },
      0,
      () => ms,
    );
    for (let step = 1; step <= 3; step += 1) {
      ms += 3000;
      time.updated(step);
    }
    // 10 evaluations that take as long as an update, and saves of which none was seen.
    expect(time.seconds).toBeCloseTo(seconds - 9 + 10 * 3, 3);
  });
});
