/** What files that are given away call a model: of a path on somebody's computer only its end. */
export function shownName(name: string): string {
  if (/^(hf:|https?:)/.test(name)) return name;
  return name.split(/[\\/]/).findLast((part) => part !== '') ?? name;
}
