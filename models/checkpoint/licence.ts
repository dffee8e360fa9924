/** Front matter is short; the text behind it need not be looked through. */
const MOST_CHARACTERS = 20_000;

/**
 * The licence that a model card names in its front matter, as the hub reads it; of `other` its name.
 * @param card text of README.md
 */
export function licenceOfCard(card: string): string | undefined {
  const [, head] = /^\uFEFF?---[ \t]*\r?\n([^]*?)\r?\n---/.exec(card.slice(0, MOST_CHARACTERS)) ?? [];
  if (head === undefined) return undefined;
  const valueOf = (key: string): string | undefined =>
    new RegExp(`^${key}:[ \\t]*(?:"([^"\\n]*)"|'([^'\\n]*)'|([^\\s#"'[{|>&*!][^\\n#]*))`, 'm')
      .exec(head)
      ?.slice(1)
      .find((value) => value !== undefined)
      ?.trim();
  const licence = valueOf('license');
  const known = licence === 'other' ? (valueOf('license_name') ?? licence) : licence;
  return known === '' ? undefined : known;
}
