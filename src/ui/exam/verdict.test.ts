import { describe, expect, it } from 'vitest';
import { Pcg32 } from '../../data/random.ts';
import { isSuccess, judge, MIN_ASKED, nextStep, PASS, type Evidence, type Score } from './verdict.ts';

/** Evidence of every shape: any part may be missing, small, or of any share. */
function scripted(seed: number): Evidence {
  const random = new Pcg32(seed, 1);
  const upTo = (most: number): number => Math.floor(random.nextFloat() * (most + 1));
  const score = (): { readonly value?: Score } => {
    if (upTo(3) === 0) return {};
    const asked = upTo(24);
    return { value: { asked, right: upTo(asked) } };
  };
  const [heldOut, trained, rephrased] = [score().value, score().value, score().value];
  const parts = { ...(heldOut && { heldOut }), ...(trained && { trained }), ...(rephrased && { rephrased }) };
  return upTo(3) === 0 ? { ...parts, isOutOfTime: true } : parts;
}

const many = Array.from({ length: 4000 }, (_, seed) => scripted(seed));

describe('the verdict on a run', () => {
  it('is no success with an exam under 50 %, whatever else is known', () => {
    const failed = many.filter(({ heldOut }) => heldOut !== undefined && heldOut.right < heldOut.asked / 2);
    expect(failed.length).toBeGreaterThan(500);
    expect(failed.filter((evidence) => isSuccess(judge(evidence)))).toEqual([]);
  });

  it('is a success exactly where enough questions were asked and nearly all are right', () => {
    for (const evidence of many) {
      const { heldOut = { asked: 0, right: 0 } } = evidence;
      const passed = heldOut.asked >= MIN_ASKED && heldOut.right / heldOut.asked >= PASS;
      expect([evidence, isSuccess(judge(evidence))]).toEqual([evidence, passed]);
    }
  });

  it('says numbers that were counted, of one exam', () => {
    for (const evidence of many) {
      const verdict = judge(evidence);
      if (!('asked' in verdict)) continue;
      const counted = { asked: verdict.asked, right: verdict.right };
      expect(Object.values(evidence)).toContainEqual(counted);
      // The headline says whether these are questions that the model never saw.
      if (verdict.kind === 'not-yet') expect(evidence[verdict.of]).toEqual(counted);
      expect(verdict.asked).toBeGreaterThanOrEqual(MIN_ASKED);
    }
  });

  it('never gets worse when a held-out answer more is right', () => {
    for (const evidence of many) {
      const { heldOut } = evidence;
      if (heldOut === undefined || heldOut.right === heldOut.asked) continue;
      const better = judge({ ...evidence, heldOut: { ...heldOut, right: heldOut.right + 1 } });
      if (isSuccess(judge(evidence))) expect(isSuccess(better)).toBe(true);
    }
  });

  it('offers to try what is ready or could not be asked, and never what is not', () => {
    for (const evidence of many) {
      const verdict = judge(evidence);
      for (const wasLong of [true, false]) {
        const mayTry = isSuccess(verdict) || verdict.kind === 'out-of-time';
        expect(nextStep(verdict, wasLong) === 'try').toBe(mayTry);
      }
    }
  });

  it.each<[string, Evidence, string]>([
    ['19 of 20 unseen', { heldOut: { asked: 20, right: 19 } }, 'ready'],
    [
      '3 of 20, trained ones wrong too',
      { heldOut: { asked: 20, right: 3 }, trained: { asked: 6, right: 2 } },
      'not-yet',
    ],
    ['3 of 20, trained ones right', { heldOut: { asked: 20, right: 3 }, trained: { asked: 6, right: 6 } }, 'by-heart'],
    ['13 of 20, trained ones right', { heldOut: { asked: 20, right: 13 }, trained: { asked: 6, right: 6 } }, 'not-yet'],
    ['3 of 3 unseen', { heldOut: { asked: 3, right: 3 }, trained: { asked: 6, right: 6 } }, 'too-few'],
    ['nothing asked', {}, 'too-few'],
    ['nothing asked in time', { isOutOfTime: true }, 'out-of-time'],
    ['enough asked in time', { heldOut: { asked: 8, right: 8 }, isOutOfTime: true }, 'ready'],
    [
      'nothing kept back, other words fail',
      { trained: { asked: 6, right: 6 }, rephrased: { asked: 6, right: 1 } },
      'by-heart',
    ],
    ['nothing kept back, even the trained ones fail', { trained: { asked: 6, right: 0 } }, 'not-yet'],
    [
      'nothing kept back, other words work',
      { trained: { asked: 6, right: 6 }, rephrased: { asked: 6, right: 6 } },
      'too-few',
    ],
  ])('of %s', (_name, evidence, kind) => {
    expect(judge(evidence).kind).toBe(kind);
  });
});
