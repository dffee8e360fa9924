import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** What one test file ran on. */
export interface GpuRecord {
  /** Absolute path of the test file. */
  readonly file: string;
  readonly adapter: string;
  readonly features: readonly string[];
}

/** Names the file that `npm test` reads the adapter from; test processes inherit it. */
export const GPU_RECORD = 'WEBLORA_GPU_RECORD';

/** Notes that a test file has opened a device; nothing outside `npm test`. */
export function recordGpu(record: GpuRecord): void {
  const path = process.env[GPU_RECORD];
  // One short line a call: appends of several processes do not mix.
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(record)}\n`);
}

export function readGpuRecords(path: string): GpuRecord[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as GpuRecord);
}
