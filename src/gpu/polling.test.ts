import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { restBetweenPolls } from './polling.ts';

/** A scope of its own, whose `setImmediate` tells when it is called. */
function watched(): { setImmediate: typeof setImmediate; asked: () => number } {
  let asked = 0;
  const setImmediate = new Proxy(globalThis.setImmediate, {
    apply(target, self, args) {
      asked += 1;
      return Reflect.apply(target, self, args) as unknown;
    },
  });
  return { setImmediate, asked: () => asked };
}

describe('restBetweenPolls', () => {
  it('lets a native callback wait for a timer', async () => {
    const scope = watched();
    restBetweenPolls(scope);
    await new Promise<void>((resolve) => {
      scope.setImmediate(resolve.bind(undefined)); // bound functions are native ones
    });
    expect(scope.asked()).toBe(0);
  });

  it('leaves other callbacks, their arguments and the promise form alone', async () => {
    const scope = watched();
    restBetweenPolls(scope);
    const callback = vi.fn();
    await new Promise<void>((resolve) => {
      scope.setImmediate(
        (first: string, second: number) => {
          callback(first, second);
          resolve();
        },
        'a',
        2,
      );
    });
    expect(callback).toHaveBeenCalledExactlyOnceWith('a', 2);
    expect(scope.asked()).toBe(1);
    await expect(promisify(scope.setImmediate)('value')).resolves.toBe('value');
  });
});
