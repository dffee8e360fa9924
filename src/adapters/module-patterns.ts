import { regexCost } from '../formats/regex-cost.ts';

/**
 * Which modules a name, a regular expression or a layer means, as PEFT has it.
 * Source: peft/tuners/tuners_utils.py, check_target_module_exists; peft/utils/other.py, get_pattern_key.
 */

export type ModuleMatcher = (path: string) => boolean;

/** A module's own name or the end of its path from a dot on, as an entry of a `target_modules` list. */
export const namesModule =
  (name: string): ModuleMatcher =>
  (path) =>
    path === name || path.endsWith(`.${name}`);

/**
 * A regular expression for a whole path, as a `target_modules` text: undefined where it cannot be compiled, or may take time
 * without end.
 */
export function pathExpression(text: string): ModuleMatcher | undefined {
  const expression = pythonRegExp(`^(?:${text})$`);
  return expression && ((path) => expression.test(path));
}

/** A key of `rank_pattern` or `alpha_pattern`: a regular expression for the end of a path, from a dot on. */
export function patternKey(key: string): ModuleMatcher | undefined {
  const expression = pythonRegExp(`^(?:.*\\.)?(?:${key})$`);
  return expression && ((path) => expression.test(path));
}

/** Modules of the layers with these indexes, and those in no layer; `stems` name the list of layers, default: any. */
export function inLayers(layers: readonly number[], stems: readonly string[] = []): ModuleMatcher {
  const expressions = (stems.length === 0 ? ['[^.]*'] : stems).map((stem) =>
    pythonRegExp(`^(?:.*\\.)?${stem}\\.(\\d+)\\.`),
  );
  return (path) => {
    const index = expressions.map((each) => each?.exec(path)?.[1]).find((found) => found !== undefined);
    return index === undefined || layers.includes(Number(index));
  };
}

/** Python's spelling of the few things that JavaScript spells otherwise. */
function pythonRegExp(text: string): RegExp | undefined {
  if (regexCost(text) !== undefined) return undefined;
  try {
    return new RegExp(text.replaceAll('(?P<', '(?<').replaceAll('\\Z', '$').replaceAll('\\A', '^'));
  } catch {
    return undefined;
  }
}

/**
 * Values by module as a pattern: under the last part of their paths where all modules of that name share one, else under
 * whole paths.
 * @param values of every module, by path
 * @param usual the value that needs no entry
 */
export function patternOf(values: ReadonlyMap<string, number>, usual: number): Record<string, number> {
  const byName = new Map<string, string[]>();
  for (const path of values.keys()) {
    const name = path.slice(path.lastIndexOf('.') + 1);
    byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  const pattern: Record<string, number> = {};
  for (const [name, paths] of byName) {
    const [first = usual, ...others] = new Set(paths.map((path) => values.get(path)));
    if (others.length === 0) {
      if (first !== usual) pattern[name] = first;
      continue;
    }
    for (const path of paths) {
      const value = values.get(path) ?? usual;
      if (value !== usual) pattern[path] = value;
    }
  }
  return pattern;
}
