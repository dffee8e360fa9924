import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', name), 'utf8'));
const { dependencies, devDependencies, optionalDependencies } = read('package.json') as Manifest;
const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, Locked>> };
const locked = Object.entries(packages).filter(([path]) => path !== '');

/** What may be part of what is handed out under the Apache licence. */
const PERMISSIVE: readonly string[] = [
  'MIT',
  'Apache-2.0',
  'Apache-2.0 AND MIT',
  'MIT or MPL-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
];
/** And what may help to build and test it. */
const OF_TOOLS: readonly string[] = [...PERMISSIVE, 'BlueOak-1.0.0', 'MPL-2.0', 'CC-BY-4.0', '(MIT OR CC0-1.0)'];

it('every dependency has an exact version, the one that is locked', () => {
  const direct = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(direct.length).toBeGreaterThan(0);
  for (const [name, version] of direct)
    expect([name, /^\d+\.\d+\.\d+$/.test(version), packages[`node_modules/${name}`]?.version]).toEqual([
      name,
      true,
      version,
    ]);
});

it('every package is held to its hash, and comes from the public registry', () => {
  const loose = locked.filter(
    ([, { integrity = '', resolved = 'https://registry.npmjs.org/' }]) =>
      !/^sha512-[\w+/]{86}==$/.test(integrity) || !resolved.startsWith('https://registry.npmjs.org/'),
  );
  expect(loose.map(([path]) => path)).toEqual([]);
});

it('every package has a licence that may be handed on, and a tool one that may be used', () => {
  const others = locked.filter(([, { license = '', dev = false }]) => !(dev ? OF_TOOLS : PERMISSIVE).includes(license));
  expect(others.map(([path, { license }]) => `${path}: ${license ?? 'none'}`)).toEqual([]);
});
