import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';

/** A brotli archive of the `@sparticuz/chromium` package: a tar unless `file` names the one file it holds. */
export interface Archive {
  readonly name: string;
  readonly file?: string;
  /** Folder below the target; the target itself when not given. */
  readonly folder?: string;
}

/**
 * Unpacks archives of the optional `@sparticuz/chromium` package next to other caches, once; several processes may
 * race, the rename decides.
 * @returns the folder they lie in
 * @throws an Error when the package is not installed or its archives are damaged
 */
export async function unpackSparticuz(name: string, archives: readonly Archive[]): Promise<string> {
  const require = createRequire(import.meta.url);
  const root = dirname(dirname(dirname(require.resolve('@sparticuz/chromium'))));
  const { version } = require(join(root, 'package.json')) as { version: string };
  const cache = existsSync(homedir()) ? join(homedir(), '.cache', 'web-lora') : join(tmpdir(), 'web-lora');
  const target = join(cache, `${name}-${version}`);
  if (existsSync(target)) return target;
  await mkdir(cache, { recursive: true });
  const unpacked = await mkdtemp(join(cache, 'unpacking-'));
  try {
    for (const archive of archives) {
      const into = join(unpacked, archive.folder ?? '');
      await mkdir(into, { recursive: true });
      const { extract } = await import('tar-fs');
      const sink =
        archive.file === undefined ? extract(into) : createWriteStream(join(into, archive.file), { mode: 0o755 });
      await pipeline(createReadStream(join(root, 'bin', archive.name)), createBrotliDecompress(), sink);
    }
    await rename(unpacked, target);
  } catch (error) {
    await rm(unpacked, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}
