import { shortName } from '../adapters/adapter.ts';
import { inLayers, namesModule, pathExpression, patternKey, type ModuleMatcher } from '../adapters/module-patterns.ts';
import { WebLoraError } from '../errors.ts';
import { setting } from '../phrase.ts';

/** Modules that are never targets, with the reason a user gets. */
const REFUSED: Readonly<Record<string, string>> = {
  lm_head: 'the head is frozen so that the loss never keeps logits for all tokens',
  embed_tokens: 'the embedding is frozen and shared with the head',
};

/** Which linear layers carry an adapter: PEFT's `target_modules`, `layers_to_transform` and `exclude_modules`. */
export interface TargetChoice {
  /**
   * `all-linear`, or short names (`q_proj`), whole module paths or regular expressions for whole paths; what has a character
   * beyond letters, digits, `_`, `-` and dots is a regular expression.
   */
  readonly targets: 'all-linear' | readonly string[];
  /** Indexes of layers; default: all. */
  readonly layersToTransform?: readonly number[];
  /** As `targets`; default: none. */
  readonly excludeModules?: readonly string[];
}

/**
 * The module paths that a choice means, in the model's order.
 * @throws `config` for a name, an expression or a layer that the model does not have, or where nothing is left;
 *   `unsupported` for the head or the embedding
 */
export function selectTargets(linearPaths: readonly string[], choice: TargetChoice): string[] {
  const { targets, layersToTransform, excludeModules = [] } = choice;
  const wanted = targets === 'all-linear' ? [...linearPaths] : named(linearPaths, targets, 'targets');
  const excluded = new Set(named(linearPaths, excludeModules, 'excludeModules'));
  const isInLayers = layersToTransform === undefined ? () => true : layerMatcher(linearPaths, layersToTransform);
  const selected = wanted.filter((path) => !excluded.has(path) && isInLayers(path));
  if (selected.length > 0) return selected;
  throw new WebLoraError('config', setting('targets'), {
    got: 'no layer, with what is excluded',
    wanted: 'at least one linear layer to train',
    fix: 'exclude fewer modules or layers',
  });
}

/** The paths that some of the names mean. */
function named(
  linearPaths: readonly string[],
  names: readonly string[],
  key: 'targets' | 'excludeModules',
): readonly string[] {
  const known = [...new Set(linearPaths.map(shortName))];
  const found = new Set<string>();
  for (const name of names) {
    const reason = key === 'targets' ? REFUSED[shortName(name)] : undefined;
    if (reason !== undefined) {
      throw new WebLoraError('unsupported', `targets: '${name}' cannot be trained: ${reason}`, {
        fix: `choose among ${known.join(', ')}`,
      });
    }
    const matches = linearPaths.filter(matcherOf(name, key));
    if (matches.length === 0) {
      throw new WebLoraError('config', setting(key), {
        got: `'${name}'`,
        wanted: `${key === 'targets' ? 'all-linear or ' : ''}some of ${known.join(', ')}, or an expression for paths like ${linearPaths[0] ?? ''}`,
        fix: 'correct the name',
      });
    }
    for (const path of matches) found.add(path);
  }
  return linearPaths.filter((path) => found.has(path));
}

function matcherOf(name: string, key: 'targets' | 'excludeModules'): ModuleMatcher {
  if (/^[\w.-]+$/.test(name)) return namesModule(name);
  return pathExpression(name) ?? refuseExpression(key, name);
}

function refuseExpression(key: string, text: string): never {
  throw new WebLoraError('config', setting(key), {
    got: `'${text}'`,
    wanted: 'a regular expression without back-references or nested repetitions',
    fix: 'write it in a simpler way',
  });
}

function layerMatcher(linearPaths: readonly string[], layers: readonly number[]): ModuleMatcher {
  for (const layer of layers) {
    if (linearPaths.some((path) => /\.\d+\./.test(path) && inLayers([layer])(path))) continue;
    const indexes = linearPaths.map((path) => Number(/\.(\d+)\./.exec(path)?.[1] ?? 0));
    throw new WebLoraError('config', setting('layersToTransform'), {
      got: layer,
      wanted: `layers from 0 to ${Math.max(0, ...indexes)}`,
      fix: 'leave out layers that the model does not have',
    });
  }
  return inLayers(layers);
}

/**
 * The values that a pattern gives to modules, by path: of the first key that means it.
 * @throws `config` for a key that means none of them
 */
export function valuesByPattern(
  paths: readonly string[],
  pattern: Readonly<Record<string, number>>,
  key: 'rankPattern' | 'alphaPattern',
): Map<string, number> {
  const entries = Object.entries(pattern).map(([text, value]) => {
    const matches = patternKey(text) ?? refuseExpression(key, text);
    return { text, value, matches };
  });
  for (const { text, matches } of entries) {
    if (paths.some(matches)) continue;
    throw new WebLoraError('config', setting(key), {
      got: `'${text}'`,
      wanted: `names or expressions of layers that are trained: ${[...new Set(paths.map(shortName))].join(', ')}`,
      fix: 'correct or remove it',
    });
  }
  const values = new Map<string, number>();
  for (const path of paths) {
    const first = entries.find(({ matches }) => matches(path));
    if (first !== undefined) values.set(path, first.value);
  }
  return values;
}
