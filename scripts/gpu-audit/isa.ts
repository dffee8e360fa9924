/** What the compiler says of one program: Mesa's ACO, with RADV_DEBUG=shaderstats,asm. */
export interface CompiledProgram {
  readonly name: string;
  readonly registers: number;
  readonly spills: number;
  readonly scratchBytes: number;
  readonly workgroupBytes: number;
  /** The block of instructions with most products of matrices, or else multiply-adds: the body of the innermost loop, where it is unrolled. */
  readonly loop: LoopBody | undefined;
}

export interface LoopBody {
  readonly instructions: number;
  readonly fma: number;
  /** From buffers. */
  readonly loads: number;
  readonly workgroupLoads: number;
  /** Products of matrices. */
  readonly matrixProducts: number;
}

const FMA = /^v_(?:pk_)?(?:fma|dual_fmac|fmac|dual_fmamk|fmamk|fmaak)/;
const FEWEST = 25;

/** Programs of a log, in order; each begins with a line `@@ NAME`. The same program is listed once. */
export function readIsa(log: string): CompiledProgram[] {
  const programs = new Map<string, CompiledProgram>();
  for (const section of log.split(/^@@ /m).slice(1)) {
    const name = section.slice(0, section.indexOf('\n'));
    const number = (label: string): number => Number(new RegExp(`^${label}: (\\d+)`, 'm').exec(section)?.[1] ?? 0);
    const bodies = section
      .split(/^BB\d+:$/m)
      .slice(1)
      .map(bodyOf)
      .filter(({ instructions }) => instructions >= FEWEST);
    programs.set(name, {
      name,
      registers: number('VGPRs'),
      spills: number('Spilled VGPRs') + number('Spilled SGPRs'),
      scratchBytes: number('Scratch size'),
      workgroupBytes: number('LDS size'),
      loop: bodies.sort((a, b) => b.matrixProducts - a.matrixProducts || b.fma - a.fma)[0],
    });
  }
  return [...programs.values()];
}

function bodyOf(block: string): LoopBody {
  // A dual-issued line holds two instructions: `v_dual_fmac_f32 … :: v_dual_fmac_f32 …`.
  const names = block
    .split('\n')
    .filter((line) => line.startsWith('\t'))
    .flatMap((line) => line.split('::').map((part) => part.trim().split(/\s/)[0] ?? ''))
    .filter((name) => name !== '' && !/^s_(?:delay_alu|waitcnt|nop|clause|wait)/.test(name));
  const count = (pattern: RegExp): number => names.filter((name) => pattern.test(name)).length;
  return {
    instructions: names.length,
    fma: count(FMA),
    loads: count(/^(?:global|buffer)_load/),
    workgroupLoads: count(/^ds_(?:load|read)/),
    matrixProducts: count(/^v_wmma/),
  };
}
