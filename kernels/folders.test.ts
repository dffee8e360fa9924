import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { MAX_STORAGE_BINDINGS, PARAMS_BINDING, type Kernel } from '../src/gpu/kernel.ts';
import { testGpu } from '../test/harness/gpu.ts';

// Kernels join sources in their own ways; the device receives what they pass to defineKernel.
const defined = vi.hoisted((): Kernel[] => []);
vi.mock('../src/gpu/kernel.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../src/gpu/kernel.ts')>();
  return {
    ...original,
    defineKernel: (name: string, wgsl: string): Kernel => {
      const kernel = original.defineKernel(name, wgsl);
      defined.push(kernel);
      return kernel;
    },
  };
});

const folder = import.meta.dirname;
const folders = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const kernels = folders.filter((name) => !name.startsWith('_'));
const sources = folders.flatMap((name) =>
  readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.wgsl'))
    .map((file) => join(name, file)),
);

const withoutComments = (wgsl: string): string => wgsl.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '');

/** Storage variables an entry point reaches, also through the functions it calls. */
function storageOf(kernel: Kernel, entry: string): string[] {
  const words = new Map<string, Set<string>>();
  for (const part of withoutComments(kernel.wgsl)
    .split(/\bfn (?=\w+\s*\()/)
    .slice(1)) {
    // Parameters, local variables and members may bear the name of a storage variable.
    const locals = new Set(
      [...part.matchAll(/\b(?:let|var|const)\s+(\w+)|(\w+)\s*:/g)].map((match) => match[1] ?? match[2]),
    );
    const used = part.match(/(?<![.\w])[a-z_]\w*/gi) ?? [];
    words.set(used[0] ?? '', new Set(used.slice(1).filter((word) => !locals.has(word))));
  }
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const word of words.get(name) ?? []) if (words.has(word) || kernel.storage.has(word)) visit(word);
  };
  visit(entry);
  return [...reached].filter((name) => kernel.storage.has(name));
}

describe.each(kernels)('kernels/%s', (kernelName) => {
  const files = readdirSync(join(folder, kernelName));

  it('is complete', () => {
    const wanted = [
      `${kernelName}.ts`,
      `${kernelName}.ref.ts`,
      `${kernelName}.cases.ts`,
      `${kernelName}.test.ts`,
      'README.md',
    ];
    expect(wanted.filter((file) => !files.includes(file))).toEqual([]);
    expect(files.some((file) => file.endsWith('.wgsl'))).toBe(true);
    expect(
      readFileSync(join(folder, kernelName, 'README.md'), 'utf8')
        .trimEnd()
        .split('\n').length,
    ).toBeLessThanOrEqual(40);
  });

  it('has a reference that shares nothing with what it judges', () => {
    const reference = join(folder, kernelName, `${kernelName}.ref.ts`);
    expect(existsSync(reference)).toBe(true);
    expect(readFileSync(reference, 'utf8')).not.toMatch(/from '[^']*(src\/gpu|\.wgsl|\/[a-z_]+\.ts')/);
  });

  it('compiles without a message, with at most 8 storage bindings an entry', async () => {
    const gpu = await testGpu();
    defined.length = 0;
    vi.resetModules();
    await import(`./${kernelName}/${kernelName}.ts`);
    expect(defined.length).toBeGreaterThan(0);
    for (const kernel of defined) {
      // An adapter without halves still judges the rest of such a source.
      const code = gpu.adapter.features.includes('shader-f16')
        ? kernel.wgsl
        : kernel.wgsl.replace('enable f16;', '').replaceAll('vec4h', 'vec4f');
      const info = await gpu.device.createShaderModule({ label: kernel.name, code }).getCompilationInfo();
      expect(info.messages.map((message) => `${message.lineNum}: ${message.message}`)).toEqual([]);
      const bindings = [...kernel.storage.values()].map((storage) => storage.binding);
      expect(new Set([PARAMS_BINDING, ...bindings]).size, 'each binding once, 0 for Params').toBe(bindings.length + 1);
      expect(withoutComments(kernel.wgsl)).not.toMatch(/@group\((?!0\))/);
      for (const entry of kernel.entryPoints)
        expect(storageOf(kernel, entry).length, entry).toBeLessThanOrEqual(MAX_STORAGE_BINDINGS);
    }
  });
});

describe.each(sources)('kernels/%s', (source) => {
  const wgsl = readFileSync(join(folder, source), 'utf8');

  it('has entries for software adapters in software/ alone', () => {
    const entries = [...wgsl.matchAll(/@workgroup_size\S*\s+fn (\w+)/g)].map((match) => match[1] ?? '');
    expect(source.includes('/software/') ? [] : entries.filter((entry) => /serial|quads/.test(entry))).toEqual([]);
  });

  it('calls no built-in that adapters compute loosely, and no atomic', () => {
    expect(withoutComments(wgsl).match(/\b(sin|cos|tan|pow|tanh|atomic\w*)\b/g) ?? []).toEqual([]);
  });
});
