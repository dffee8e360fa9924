/** How long the event loop rests between two looks at the GPU, in milliseconds. */
const REST_MS = 1;

/**
 * Lets the event loop rest between two looks at what the GPU has finished. Dawn's binding asks by `setImmediate` again and
 * again, which keeps a core busy that a software adapter computes on: with two cores its work takes 1.6 times as long.
 * Only native functions wait, as the binding's are; every other caller gets Node's own `setImmediate`.
 * @param scope where `setImmediate` is looked up, as the binding does at each call
 */
export function restBetweenPolls(scope: Pick<typeof globalThis, 'setImmediate'>): void {
  scope.setImmediate = new Proxy(scope.setImmediate, {
    apply(immediate, self, args: Parameters<typeof setImmediate>) {
      const [callback] = args;
      return isNative(callback) ? setTimeout(callback, REST_MS) : (Reflect.apply(immediate, self, args) as unknown);
    },
  });
}

function isNative(callback: unknown): boolean {
  return typeof callback === 'function' && Function.prototype.toString.call(callback).endsWith('{ [native code] }');
}
