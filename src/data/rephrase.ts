/** Words around a question that change nothing of its meaning, by language. Not text of the page: it is asked of the model. */
const AROUND: Readonly<Record<string, readonly ((question: string) => string)[]>> = {
  en: [
    (question) => `Hello, ${lowered(question)}`,
    (question) => `Please tell me: ${lowered(question)}`,
    (question) => `${question} Thank you.`,
  ],
  de: [
    (question) => `Guten Tag, ${lowered(question)}`,
    (question) => `Bitte sagen Sie mir: ${lowered(question)}`,
    (question) => `${question} Vielen Dank.`,
  ],
};
/** What can be done in every language: how people type in haste. */
const ANYWHERE: readonly ((question: string) => string)[] = [
  (question) => question.replace(/[?.!]+$/, ''),
  (question) => question.toLocaleLowerCase(),
  (question) => `${question} `.repeat(2).trim(),
];

/** `Where is it?` -> `where is it?`, but not names and abbreviations: `USB is broken`. */
function lowered(question: string): string {
  const [first = '', second = ''] = question;
  return second === second.toLocaleLowerCase() ? first.toLocaleLowerCase() + question.slice(1) : question;
}

/** A question in other words, a way of its own for each `index`. Never equal to the question itself. */
export function rephrase(question: string, language: string | undefined, index: number): string {
  const ways = AROUND[language ?? ''] ?? ANYWHERE;
  const said = ways[index % ways.length]?.(question) ?? question;
  return said === question ? `${question} ${question}` : said;
}
