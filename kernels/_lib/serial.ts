/**
 * Workgroup size of a kernel whose invocations work alone: small enough that a few cores share the invocations there
 * are, at least four (a software adapter's vector), at most 64.
 */
export function serialWorkgroupSize(invocations: number): number {
  let size = 4;
  while (size < 64 && invocations / (size * 2) >= 16) size *= 2;
  return size;
}
