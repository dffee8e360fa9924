import { listNames } from '../../formats/tensor-names.ts';
import { inLayers, namesModule, pathExpression, patternKey, type ModuleMatcher } from '../module-patterns.ts';

/**
 * What `adapter_config.json` says of which modules have factors, held against those the file has. The factors count;
 * where the two differ PEFT would leave some out or make new ones, so it is told.
 */

type Json = Readonly<Record<string, unknown>>;

/** A module by its path in the causal LM, and in the model that PEFT wrapped. */
export interface ModulePaths {
  readonly path: string;
  readonly wrappedPath: string;
}

/** @returns sentences about modules and settings that do not go together */
export function targetNotes(config: Json, modules: readonly ModulePaths[]): string[] {
  const notes: string[] = [];
  const isTarget = targetMatcher(config['target_modules']);
  const isExcluded = targetMatcher(config['exclude_modules']);
  const isInLayers = layerMatcher(config['layers_to_transform'], config['layers_pattern']);
  const told = (which: readonly ModulePaths[], why: string): void => {
    if (which.length > 0)
      notes.push(
        `${which.length} modules have factors and are used, though ${why}: ${listNames(which.map(({ path }) => path))}`,
      );
  };
  if (isTarget !== undefined)
    told(
      modules.filter((each) => !matches(isTarget, each)),
      'target_modules does not name them',
    );
  if (isExcluded !== undefined)
    told(
      modules.filter((each) => matches(isExcluded, each)),
      'exclude_modules names them',
    );
  told(
    modules.filter((each) => !matches(isInLayers, each)),
    'layers_to_transform leaves their layers out',
  );
  const targets: readonly unknown[] = Array.isArray(config['target_modules'])
    ? (config['target_modules'] as unknown[])
    : [];
  const without = targets.filter(
    (target): target is string =>
      typeof target === 'string' && !modules.some((each) => matches(namesModule(target), each)),
  );
  if (without.length > 0) notes.push(`target_modules names ${listNames(without)}, for which the file has no factors`);
  for (const field of ['rank_pattern', 'alpha_pattern']) {
    const unused = Object.keys((config[field] ?? {}) as Json).filter((key) => {
      const pattern = patternKey(key);
      return pattern !== undefined && !modules.some((each) => matches(pattern, each));
    });
    if (unused.length > 0) notes.push(`${field} has ${listNames(unused)}, which is the name of no module with factors`);
  }
  return notes;
}

function matches(matcher: ModuleMatcher, { path, wrappedPath }: ModulePaths): boolean {
  return matcher(wrappedPath) || matcher(path);
}

/** @returns undefined where everything is a target, or nothing can be said */
function targetMatcher(targets: unknown): ModuleMatcher | undefined {
  if (typeof targets === 'string') {
    if (targets === 'all-linear') return undefined;
    return pathExpression(targets);
  }
  if (!Array.isArray(targets) || targets.length === 0) return undefined;
  const names = targets.filter((target): target is string => typeof target === 'string');
  return (path) => names.some((name) => namesModule(name)(path));
}

function layerMatcher(layers: unknown, pattern: unknown): ModuleMatcher {
  if (layers === null || layers === undefined || (Array.isArray(layers) && layers.length === 0)) return () => true;
  const wanted = (Array.isArray(layers) ? (layers as readonly unknown[]) : [layers]).map(Number);
  const names = typeof pattern === 'string' ? [pattern] : Array.isArray(pattern) ? pattern.map(String) : [];
  return inLayers(
    wanted,
    names.filter((name) => name !== ''),
  );
}
