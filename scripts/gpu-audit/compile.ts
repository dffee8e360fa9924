/**
 * Compiles every pipeline of the audited plans with a real GPU's compiler that says what it made, and tells what it said.
 *   npx tsx scripts/gpu-audit/compile.ts [FILTER] 2>isa.txt     under Mesa's RADV with RADV_DEBUG=shaderstats,asm
 *   … --matrices                                             those of `--kernels subgroup-matrix`, where the compiler has them
 *   npx tsx scripts/gpu-audit/compile.ts --read isa.txt         a table: registers, spills, and what the longest loop is made of
 * RADV compiles for a card that is not there when RADV_FORCE_FAMILY names it (navi31, navi21); see README.md.
 */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { runnerImport } from 'vite';
import { MATRIX_FEATURES } from '../../src/gpu/device-profile.ts';
import { readIsa, type CompiledProgram } from './isa.ts';

const STDERR = 2;
/** GPUShaderStage.COMPUTE */
const COMPUTE = 4;

/** @returns what must not be collected before the last pipeline is compiled */
async function compile(filter: RegExp, withMatrices: boolean): Promise<GPU> {
  const { module } = await runnerImport<typeof import('./plans.ts')>(join(import.meta.dirname, 'plans.ts'));
  const { create } = await import('webgpu');
  // The binding's device does not hold it.
  const gpu = create(['enable-dawn-features=allow_unsafe_apis,disable_symbol_renaming']);
  const features = [...MATRIX_FEATURES].slice(withMatrices ? 0 : 1) as GPUFeatureName[];
  const device = await (await gpu.requestAdapter())?.requestDevice({ requiredFeatures: features });
  if (device === undefined)
    throw new Error('no adapter: is the driver in the environment? See scripts/gpu-audit/README.md');
  for (const { name, launch } of module.auditedPrograms(withMatrices ? 'subgroup-matrix' : 'auto')) {
    if (!filter.test(name)) continue;
    writeSync(STDERR, `@@ ${name}\n`);
    const { kernel, entry, overrides, operands } = launch;
    const bindings = operands.flatMap((operand) => kernel.storage.get(operand) ?? []);
    const layout = device.createBindGroupLayout({
      entries: [
        ...(kernel.params.length > 0
          ? [{ binding: 0, visibility: COMPUTE, buffer: { type: 'uniform' } } as const]
          : []),
        ...bindings.map(({ binding, access }) => ({
          binding,
          visibility: COMPUTE,
          buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
        })),
      ],
    });
    await device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ code: kernel.wgsl }), entryPoint: entry, constants: overrides },
    });
  }
  device.destroy();
  return gpu;
}

function row({ name, registers, spills, scratchBytes, workgroupBytes, loop }: CompiledProgram): string {
  const share = loop === undefined ? '' : `${((loop.fma / loop.instructions) * 100).toFixed(0)} %`;
  const counts =
    loop === undefined
      ? ['', '', '', '']
      : [loop.instructions, loop.loads, loop.workgroupLoads, loop.matrixProducts].map(String);
  return `| ${[name, registers, spills + scratchBytes, workgroupBytes, ...counts, share].join(' | ')} |\n`;
}

const args = process.argv.slice(2);
if (args[0] === '--read') {
  process.stdout.write(
    '| program | VGPRs | spilled | workgroup bytes | longest block | loads | LDS loads | WMMA | FMA |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n',
  );
  for (const program of readIsa(readFileSync(args[1] ?? '', 'utf8'))) process.stdout.write(row(program));
  process.exit(0);
}
await compile(new RegExp(args.find((arg) => !arg.startsWith('--')) ?? ''), args.includes('--matrices'));
// The binding keeps the process alive as long as the device lives.
process.exit(0);
