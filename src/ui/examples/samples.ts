/** The ready sets of examples; their titles are in the messages. */
export const SAMPLES = ['tickets', 'shop', 'style'] as const;
export type SampleKey = (typeof SAMPLES)[number];

export function isSampleKey(text: string): text is SampleKey {
  return (SAMPLES as readonly string[]).includes(text);
}
