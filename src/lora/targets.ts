import { WebLoraError } from '../errors.ts';
import { setting } from '../phrase.ts';

/** Modules that are never targets, with the reason a user gets. */
const REFUSED: Readonly<Record<string, string>> = {
  lm_head: 'the head is frozen so that the loss never keeps logits for all tokens',
  embed_tokens: 'the embedding is frozen and shared with the head',
};

/** Last component of a module path: the name users know. */
export function shortName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/**
 * The module paths that `--targets` selects, in the model's order.
 * @param targets `all-linear`, or short names (`q_proj`) or full module paths
 * @throws `config` for a name the model does not have, `unsupported` for the head or the embedding
 */
export function selectTargets(linearPaths: readonly string[], targets: 'all-linear' | readonly string[]): string[] {
  if (targets === 'all-linear') return [...linearPaths];
  const known = [...new Set(linearPaths.map(shortName))];
  for (const target of targets) {
    const reason = REFUSED[shortName(target)];
    if (reason !== undefined) {
      throw new WebLoraError('unsupported', `targets: '${target}' cannot be trained: ${reason}`, {
        fix: `choose among ${known.join(', ')}`,
      });
    }
    if (!linearPaths.some((path) => path === target || shortName(path) === target)) {
      throw new WebLoraError('config', setting('targets'), {
        got: `'${target}'`,
        wanted: `all-linear or some of ${known.join(', ')}`,
        fix: 'correct the name',
      });
    }
  }
  return linearPaths.filter((path) => targets.some((target) => path === target || shortName(path) === target));
}
