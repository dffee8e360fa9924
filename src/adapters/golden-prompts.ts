/** Questions of everyday life that every export is checked with: a fixed set, so that no row of anyone's data is in it. */
export const GOLDEN_PROMPTS: readonly string[] = [
  'Hello! How are you today?',
  'Write one sentence about a red bicycle.',
  'The lamp in my kitchen does not work. What can I do?',
  'Name three things that you find in a garden.',
];
