/** One deliberate defect in a WGSL source. */
export interface Mutant {
  readonly rule: string;
  /** Function the mutated line belongs to. */
  readonly fn: string;
  readonly line: number;
  readonly from: string;
  readonly to: string;
  readonly source: string;
}

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly replace: (match: RegExpExecArray) => string;
  /** Whether the rule applies to this line; all lines when not given. */
  readonly where?: (line: string) => boolean;
}

const isLoop = (line: string): boolean => /\b(for|while)\s*\(/.test(line);
const isGuard = (line: string): boolean => /^\s*if \(.*\breturn; \}$/.test(line);
const isNoLoop = (line: string): boolean => !isLoop(line);

const FLIPPED: Readonly<Record<string, string>> = {
  '+': '-',
  '-': '+',
  '*': '+',
  '/': '*',
  '%': '/',
  '<': '>',
  '>': '<',
  '<=': '<',
  '>=': '>',
  '==': '!=',
  '!=': '==',
};
const flip = (match: RegExpExecArray): string => ` ${FLIPPED[match[1] ?? ''] ?? ''} `;

/** Every rule leaves valid WGSL in most places; what does not compile is dropped by the runner. */
const RULES: readonly Rule[] = [
  { name: 'drop guard', pattern: /^(\s*)if \(.*\breturn; \}$/g, replace: (match) => match[1] ?? '', where: isGuard },
  { name: 'loosen guard', pattern: / >= /g, replace: () => ' > ', where: isGuard },
  { name: 'unfold grid', pattern: /\bwg\.y \* grid\.x \+ wg\.x/g, replace: () => 'wg.x' },
  { name: 'stride', pattern: /\* (p\.[a-z_]+)\b/g, replace: (match) => `* (${match[1] ?? ''} + 1u)` },
  {
    name: 'loop start',
    pattern: /\(var (\w+) = ([^;]+);/g,
    replace: (match) => `(var ${match[1] ?? ''} = ${match[2] ?? ''} + 1u;`,
    where: (line) => isLoop(line) && !/>>=/.test(line),
  },
  {
    name: 'loop end',
    pattern: /; (\w+) < ([^;]+);/g,
    replace: (match) => `; ${match[1] ?? ''} + 1u < ${match[2] ?? ''};`,
    where: isLoop,
  },
  { name: 'loop step', pattern: /\+= (\w+)\) \{/g, replace: (match) => `+= ${match[1] ?? ''} + 1u) {`, where: isLoop },
  { name: 'tree end', pattern: /; half > 0u;/g, replace: () => '; half > 1u;', where: isLoop },
  { name: 'eps', pattern: / \+ (p\.eps\b|1e-\d+)/g, replace: () => '' },
  { name: 'operator', pattern: / (\+|-|\*|\/|%) /g, replace: flip, where: isNoLoop },
  {
    name: 'comparison',
    pattern: / (<|>|<=|>=|==|!=) (?!\(?bitcast)/g,
    replace: flip,
    where: (line) => isNoLoop(line) && !isGuard(line),
  },
  {
    name: 'loop body operator',
    pattern: / (\+|-|\*|\/|%) /g,
    replace: flip,
    where: (line) => isLoop(line) && /\{.*\}/.test(line),
  },
  { name: 'accumulate', pattern: / (\+|\*|\|)= /g, replace: () => ' = ', where: isNoLoop },
  { name: 'accumulate', pattern: /(?<=\{[^}]*) (\+|\*|\|)= (?![^;{}]*\) \{)/g, replace: () => ' = ', where: isLoop },
  { name: 'subtract', pattern: / -= /g, replace: () => ' += ', where: (line) => isNoLoop(line) && !/\d+u;/.test(line) },
  { name: 'min/max', pattern: /\b(min|max)\(/g, replace: (match) => (match[1] === 'min' ? 'max(' : 'min(') },
  { name: 'logic', pattern: / (&&|\|\|) /g, replace: (match) => (match[1] === '&&' ? ' || ' : ' && ') },
  { name: 'negation', pattern: /!(?=\w)/g, replace: () => '' },
  {
    name: 'select',
    pattern: /\bselect\(([^,()]+), ([^,()]+),/g,
    replace: (match) => `select(${match[2] ?? ''}, ${match[1] ?? ''},`,
  },
  { name: 'sign', pattern: /(?<=\(|, |= |return )-(?=[\w.])/g, replace: () => '' },
];

const FUNCTION = /\bfn (\w+)\(/;

/** All mutants of a kernel's source, in the order of its lines. Bodies of functions only: declarations fail loudly anyway. */
export function mutantsOf(source: string): Mutant[] {
  const lines = source.split('\n');
  const mutants: Mutant[] = [];
  const seen = new Set<string>();
  let fn = '';
  lines.forEach((text, index) => {
    const code = text.replace(/\s*\/\/.*$|\/\*.*?\*\//g, '');
    const signature = FUNCTION.exec(code);
    if (signature?.[1] !== undefined) fn = signature[1];
    // Of a one-line function the part behind the signature counts.
    const bodyFrom = signature === null ? 0 : code.indexOf('{') + 1;
    if (fn === '' || code.trim() === '' || (signature !== null && bodyFrom === code.length)) return;
    for (const rule of RULES) {
      if (rule.where !== undefined && !rule.where(code)) continue;
      for (const match of code.matchAll(rule.pattern)) {
        if (match.index < bodyFrom) continue;
        const mutated = code.slice(0, match.index) + rule.replace(match) + code.slice(match.index + match[0].length);
        if (mutated === code || seen.has(`${index}:${mutated}`)) continue;
        seen.add(`${index}:${mutated}`);
        const all = [...lines];
        all[index] = mutated;
        mutants.push({
          rule: rule.name,
          fn,
          line: index + 1,
          from: code.trim(),
          to: mutated.trim(),
          source: all.join('\n'),
        });
      }
    }
  });
  return mutants;
}

/** What a test most easily leaves unseen: guards against odd sizes, eps, strides, signs. */
const FIRST_RULES: ReadonlySet<string> = new Set(['drop guard', 'loosen guard', 'eps', 'stride', 'sign', 'subtract']);

/** Some mutants of every rule, from the whole length of the file; always the same ones. */
export function spread(mutants: readonly Mutant[]): Mutant[] {
  const byRule = new Map<string, Mutant[]>();
  for (const mutant of mutants) byRule.set(mutant.rule, [...(byRule.get(mutant.rule) ?? []), mutant]);
  const chosen = new Set(
    [...byRule].flatMap(([rule, all]) => {
      const count = Math.min(all.length, FIRST_RULES.has(rule) ? 4 : rule === 'operator' ? 3 : 1);
      return Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)]);
    }),
  );
  return mutants.filter((mutant) => chosen.has(mutant));
}
