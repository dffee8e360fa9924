import type { ErrorCode } from '../errors.ts';

/** What happened, in words for someone who has not read a manual; the engine's own sentence goes below it. */
export const FAILURE_TITLES: Readonly<Record<ErrorCode, string>> = {
  usage: 'That combination does not work',
  config: 'One of the settings cannot be used',
  'file-not-found': 'A file could not be found',
  'bad-file': 'A file is damaged',
  'bad-model': 'These files do not describe a model that works here',
  'bad-tokenizer': 'The model’s tokenizer cannot be used',
  'bad-data': 'Some examples cannot be used',
  'bad-adapter': 'This adapter cannot be used',
  unsupported: 'WebLoRA cannot do this yet',
  context: 'This text is too long for the model',
  'no-webgpu': 'This browser gives no access to a graphics chip',
  'out-of-memory': 'There is not enough graphics memory',
  'device-lost': 'The graphics chip stopped answering',
  'non-finite': 'Training became unstable and was stopped',
  exists: 'There is finished work in the way',
  locked: 'Another tab is working on this run',
  'bad-checkpoint': 'The saved state of this run is damaged',
  storage: 'The browser’s storage could not be used',
  network: 'The download did not get through',
  access: 'This model needs a permission first',
  aborted: 'Stopped',
  internal: 'Something went wrong inside WebLoRA',
};

/** `4 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 3600) return `${Math.round(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en', { maximumFractionDigits: 0 });
}

/** `1.7 billion`, `5.1 million`, `820 thousand`. */
export function formatParameters(count: number): string {
  if (count >= 1e9) return `${Number((count / 1e9).toFixed(1))} billion`;
  return count >= 1e6 ? `${Number((count / 1e6).toFixed(1))} million` : `${Math.round(count / 1e3)} thousand`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `340 kB`, `3.4 MB`, `1.2 GB`, in powers of ten as downloads are counted. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${Number((bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0))} MB`;
  return `${Number((bytes / 1e9).toFixed(1))} GB`;
}

/** A model's name without the terminal's mark for the hub. */
export const modelTitle = (name: string): string => name.replace(/^hf:/, '');

/** A note of the engine, which begins small and ends without a stop. */
export const asSentence = (note: string): string => `${note.charAt(0).toUpperCase()}${note.slice(1)}.`;
