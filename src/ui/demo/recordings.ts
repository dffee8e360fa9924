import type { SampleKey } from '../examples/samples.ts';
import type { Recording } from './recording.ts';

const FILES = import.meta.glob<Recording>('./*.json', { import: 'default' });

/** The recording of a sample; undefined where none is there, or it was made with other weights than these. */
export async function recordingOf(sample: SampleKey, baseSha256: string): Promise<Recording | undefined> {
  const recording = await FILES[`./${sample}.json`]?.();
  return recording?.baseSha256 === baseSha256 ? recording : undefined;
}
