import { describe, expect, it } from 'vitest';
import { WebLoraError } from '../errors.ts';
import { selectTargets, valuesByPattern, type TargetChoice } from './targets.ts';

const NAMES = ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.gate_up_proj', 'mlp.up_proj', 'mlp.down_proj'];
const PATHS = [0, 1, 10, 11].flatMap((layer) => NAMES.map((name) => `model.layers.${layer}.${name}`));
const of = (layers: readonly number[], names: readonly string[]): string[] =>
  layers.flatMap((layer) => names.map((name) => `model.layers.${layer}.${name}`));
const ALL = [0, 1, 10, 11];

describe('targets, as PEFT chooses them', () => {
  it.each<[string, TargetChoice, string[]]>([
    ['all', { targets: 'all-linear' }, PATHS],
    // A name is the whole last part: up_proj is not gate_up_proj.
    ['names', { targets: ['up_proj', 'q_proj'] }, of(ALL, ['self_attn.q_proj', 'mlp.up_proj'])],
    ['a path', { targets: ['model.layers.1.mlp.up_proj'] }, ['model.layers.1.mlp.up_proj']],
    ['the end of a path', { targets: ['1.mlp.up_proj'] }, ['model.layers.1.mlp.up_proj']],
    ['an expression for whole paths', { targets: ['.*\\.1[01]\\..*\\.(q|v)_proj'] }, of([10, 11], NAMES.slice(0, 2))],
    ['layers', { targets: ['q_proj'], layersToTransform: [1, 10] }, of([1, 10], ['self_attn.q_proj'])],
    [
      'all but some',
      { targets: 'all-linear', excludeModules: ['v_proj', '.*\\.mlp\\..*'] },
      of(ALL, ['self_attn.q_proj']),
    ],
  ])('%s', (_, choice, wanted) => {
    expect(selectTargets(PATHS, choice)).toEqual(wanted);
  });

  it.each<[TargetChoice, string, RegExp]>([
    [{ targets: ['q_prj'] }, 'config', /^targets: got 'q_prj', wanted all-linear or some of q_proj, /],
    [{ targets: ['q_proj$|(a+)+'] }, 'config', /without back-references or nested repetitions/],
    [{ targets: ['(q'] }, 'config', /^targets: got '\(q'/],
    [{ targets: ['lm_head'] }, 'unsupported', /lm_head/],
    [{ targets: 'all-linear', layersToTransform: [2] }, 'config', /got 2, wanted layers from 0 to 11/],
    [{ targets: 'all-linear', excludeModules: ['o_proj'] }, 'config', /^excludeModules: got 'o_proj'/],
    [{ targets: ['q_proj'], excludeModules: ['q_proj'] }, 'config', /got no layer, with what is excluded/],
  ])('refuses %j', (choice, code, message) => {
    const thrown = ((): unknown => {
      try {
        return selectTargets(PATHS, choice);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(WebLoraError);
    expect((thrown as WebLoraError).code).toBe(code);
    expect((thrown as WebLoraError).message).toMatch(message);
  });
});

describe('a pattern, as PEFT reads it', () => {
  it('gives each module the value of the first key that means the end of its path', () => {
    const values = valuesByPattern(PATHS, { '1.mlp.up_proj': 3, up_proj: 4, 'layers\\.1[01]\\..*': 5 }, 'rankPattern');
    const wanted = (path: string): number | undefined => {
      if (path.endsWith('.1.mlp.up_proj')) return 3;
      if (path.endsWith('.up_proj')) return 4;
      return /layers\.1[01]/.test(path) ? 5 : undefined;
    };
    for (const path of PATHS) expect(values.get(path), path).toBe(wanted(path));
  });

  it('refuses a key that means no module', () => {
    expect(() => valuesByPattern(PATHS, { q_proj: 2, o_proj: 4 }, 'alphaPattern')).toThrow(
      /alphaPattern: got 'o_proj'/,
    );
  });
});
