import { execFileSync } from 'node:child_process';

/** The short commit of the checkout that a folder is in; `unknown` where there is none, or no git. */
export function commitOf(folder: string): string {
  try {
    return execFileSync('git', ['-C', folder, 'rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
