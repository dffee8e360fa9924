export type SampleKey = 'tickets' | 'shop' | 'style';

export interface Sample {
  readonly key: SampleKey;
  readonly title: string;
  /** What the model learns, in one line. */
  readonly teaches: string;
}

export const SAMPLES: readonly Sample[] = [
  {
    key: 'tickets',
    title: 'Support tickets',
    teaches: 'Sort a customer’s message into category, priority and product.',
  },
  { key: 'shop', title: 'A small shop', teaches: 'Answer customers’ questions about a yarn shop.' },
  { key: 'style', title: 'House style', teaches: 'Rewrite a sentence the way a guest house writes.' },
];

export function sampleTitle(wanted: SampleKey): string {
  return SAMPLES.find(({ key }) => key === wanted)?.title ?? wanted;
}

export function isSampleKey(text: string): text is SampleKey {
  return SAMPLES.some(({ key }) => key === text);
}
