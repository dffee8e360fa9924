import { describe, expect, it } from 'vitest';
import { makeStopFilter } from './stop-texts.ts';

/** Everything shown of a text that comes in pieces, and whether it was stopped. */
function filter(pieces: readonly string[], stops: readonly string[]): { shown: string; isStopped: boolean } {
  const stopFilter = makeStopFilter(stops);
  let shown = '';
  for (const piece of pieces) {
    const { text, isStopped } = stopFilter.push(piece);
    shown += text;
    if (isStopped) return { shown, isStopped };
  }
  return { shown: shown + stopFilter.end(), isStopped: false };
}

describe('stop texts', () => {
  it('holds back what may become a stop text and lets it go when it does not', () => {
    const stopFilter = makeStopFilter(['###']);
    expect(stopFilter.push('a#')).toEqual({ text: 'a', isStopped: false });
    expect(stopFilter.push('#b')).toEqual({ text: '##b', isStopped: false });
    expect(stopFilter.push('##')).toEqual({ text: '', isStopped: false });
    expect(stopFilter.end()).toBe('##');
  });

  it('never shows a part of a stop text that was completed', () => {
    const stopFilter = makeStopFilter(['\nUser:']);
    expect(stopFilter.push('yes\nUs').text).toBe('yes');
    expect(stopFilter.push('er')).toEqual({ text: '', isStopped: false });
    expect(stopFilter.push(': more')).toEqual({ text: '', isStopped: true });
  });

  it('gives the same result however the text is cut', () => {
    const cases: [string, string[]][] = [
      ['aabaabaac and more', ['aabaac']],
      ['abcX', ['abcX', 'bc']],
      ['xxabcabc', ['abc', 'c', 'xabc']],
      ['no end in sight', ['sights']],
      ['ababab', ['abc', 'bac']],
    ];
    for (const [text, stops] of cases) {
      const whole = filter([text], stops);
      expect(filter(Array.from(text), stops)).toEqual(whole);
      for (let cut = 1; cut < text.length; cut++)
        expect(filter([text.slice(0, cut), text.slice(cut)], stops)).toEqual(whole);
    }
  });

  it('cuts where the stop text begins that ends first', () => {
    expect(filter(['abcX'], ['abcX', 'bc'])).toEqual({ shown: 'a', isStopped: true });
    expect(filter(['xxabcabc'], ['abc', 'c', 'xabc'])).toEqual({ shown: 'x', isStopped: true });
  });
});
