import { t } from '../messages/language.ts';
import { runNotes } from '../state/run-notes.ts';
import { isSampleKey, type SampleKey } from '../examples/samples.ts';

/** A run's folder name: what it learned from and when it began, so that both can be shown without opening it. */
export function makeRunName(source: string, now: Date): string {
  const slug =
    source
      .toLowerCase()
      .replace(/\.[a-z0-9]+$/, '')
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'examples';
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${slug.slice(0, 40)}-${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

export interface RunName {
  readonly title: string;
  readonly sample?: SampleKey;
  readonly began?: Date;
}

/** What `makeRunName` put in, under the title that the person gave; any other folder name is shown as it is. */
export function readRunName(out: string): RunName {
  const { title = '' } = runNotes.value[out] ?? {};
  return title === '' ? madeName(out) : { ...madeName(out), title };
}

function madeName(out: string): RunName {
  const parts = /^(.+)-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/.exec(out);
  if (parts === null) return { title: out };
  const source = parts[1] ?? out;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(2).map(Number);
  const began = new Date(year, month - 1, day, hour, minute, second);
  if (!isSampleKey(source)) return { title: source.replaceAll('-', ' '), began };
  return { title: t().samples[source].title, sample: source, began };
}
