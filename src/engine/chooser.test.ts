import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, DEFAULT_PROFILE } from '../gpu/device-profile.ts';
import { probeMemory } from '../gpu/probe.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { CATALOGUE } from '../../models/catalogue/catalogue.ts';
import { openTestGpu, testGpu } from '../../test/harness/gpu.ts';
import { shortOfMemory } from '../../test/harness/short-of-memory.ts';
import { chooseModels, deviceFor, type ChooserDevice } from './chooser.ts';

const GIB = 2 ** 30;
// The small ones of the list, and one that is large: enough to tell the rules apart in a moment.
const some = CATALOGUE.filter(({ id }) => /gpt2|SmolLM2-135M|gemma-3-270m|Qwen2.5-0.5B|Llama-3.2-1B/.test(id));

function deviceWith(gib: number, options: Partial<ChooserDevice> = {}): ChooserDevice {
  const limits = { ...DEFAULT_LIMITS, maxBufferBytes: 2 * GIB, maxBindingBytes: 2 * GIB };
  const profile = { ...DEFAULT_PROFILE, limits };
  const memory = { availableBytes: gib * GIB, isAtLeast: false };
  return { profile, isSoftware: false, memory, ...options };
}

const verdicts = (device: ChooserDevice): Record<string, string> =>
  Object.fromEntries(
    chooseModels(device, {}, some).choices.map(({ name, chat, training }) => [
      name,
      `${chat.verdict} ${training.verdict}`,
    ]),
  );

describe('chooseModels', () => {
  it('says what fits for chat and for training, and how much is needed', () => {
    expect(verdicts(deviceWith(8))['Llama 3.2 1B']).toBe('fits fits');
    expect(verdicts(deviceWith(0.3))['Llama 3.2 1B']).toBe('too-large too-large');
    const { choices } = chooseModels(deviceWith(8), {}, some);
    for (const { chat, training, parameterCount } of choices) {
      // Codes and scales of q4 take 5 bits a parameter; the rest is caches, activations and the optimizer.
      for (const { needBytes = 0 } of [chat, training]) {
        expect(needBytes).toBeGreaterThan((parameterCount * 5) / 8);
        expect(needBytes).toBeLessThan((parameterCount * 5) / 8 + 1.2 * GIB);
      }
      expect(chat.note).toMatch(/needs .* GiB of GPU memory, about 8.0 GiB free .* an estimate/);
    }
    const need = choices.find(({ name }) => name === 'SmolLM2 135M')?.training.needBytes ?? 0;
    expect(need).toBeLessThan(0.28e9);
    const barely = { ...deviceWith(8), memory: { availableBytes: need + 1, isAtLeast: false } };
    expect(verdicts(barely)['SmolLM2 135M']).toMatch(/ tight$/);
    const less = { ...barely, memory: { availableBytes: need - 1, isAtLeast: false } };
    expect(verdicts(less)['SmolLM2 135M']).toMatch(/ too-large$/);
    // Beyond what was tried nothing is known.
    expect(verdicts({ ...less, memory: { ...less.memory, isAtLeast: true } })['SmolLM2 135M']).toMatch(/ tight$/);
  });

  it('offers smaller settings where the usual ones do not fit, and only where they come nearer', () => {
    const choiceWith = (availableBytes: number) =>
      chooseModels({ ...deviceWith(8), memory: { availableBytes, isAtLeast: false } }, {}, some).choices.find(
        ({ name }) => name === 'SmolLM2 135M',
      );
    const full = choiceWith(8 * GIB);
    expect(full?.smaller).toBeUndefined();
    const need = full?.training.needBytes ?? 0;
    const tight = choiceWith(need * 1.3);
    expect(tight?.training.verdict).toBe('tight');
    expect(tight?.smaller?.fit.verdict).toBe('fits');
    expect(tight?.smaller?.seqLen).toBeLessThan(full?.recommended.seqLen ?? 0);
    expect(tight?.smaller?.fit.needBytes).toBeLessThan(need);
    const tooLarge = choiceWith(need - 1);
    expect(tooLarge?.training.verdict).toBe('too-large');
    expect(tooLarge?.smaller?.fit.verdict).not.toBe('too-large');
    expect(choiceWith(1e6)?.smaller).toBeUndefined();
  });

  it('tells the rate of training from the speed of the device, where it was tried', () => {
    const rates = (flopsPerSecond?: number): readonly (number | undefined)[] =>
      chooseModels(deviceWith(8, flopsPerSecond === undefined ? {} : { flopsPerSecond }), {}, some).choices.map(
        ({ training }) => training.tokensPerSecond,
      );
    expect(rates().every((rate) => rate === undefined)).toBe(true);
    const { choices } = chooseModels(deviceWith(8, { flopsPerSecond: 1e12 }), {}, some);
    for (const { parameterCount, training, chat } of choices) {
      // Forward 2 operations a parameter, dx as many, the recomputed forward pass again, and adapters and attention beside them.
      const perToken = 1e12 / (training.tokensPerSecond ?? 0) / parameterCount;
      expect(perToken).toBeGreaterThan(4);
      expect(perToken).toBeLessThan(10);
      expect(chat).not.toHaveProperty('tokensPerSecond');
    }
    expect(rates(2e12)).toEqual(choices.map(({ training }) => 2 * (training.tokensPerSecond ?? 0)));
  });

  it('names the limit that is in the way', () => {
    const limits = { ...DEFAULT_LIMITS, maxBindingBytes: 128 * 1024 };
    const { choices } = chooseModels(deviceWith(8, { profile: { ...DEFAULT_PROFILE, limits } }), {}, some);
    const gemma = choices.find(({ family }) => family === 'gemma3_text');
    expect(gemma?.training.verdict).toBe('too-large');
    expect(gemma?.training.needBytes).toBeUndefined();
    expect(gemma?.training.note).toMatch(/binding limit/);
  });

  it('recommends by language and device', () => {
    const name = (
      device: ChooserDevice,
      languages: readonly string[],
      purpose: 'chat' | 'training' = 'training',
    ): string | undefined => chooseModels(device, { languages, purpose }, some).recommended;
    expect(name(deviceWith(8), [])).toBe('HuggingFaceTB/SmolLM2-135M-Instruct'); // GPT-2 is smaller and does not chat
    expect(name(deviceWith(8), ['de'])).toBe('Qwen/Qwen2.5-0.5B-Instruct');
    expect(name(deviceWith(8), [], 'chat')).toBe('Qwen/Qwen2.5-0.5B-Instruct'); // the largest that asks for no login
    expect(name(deviceWith(8), ['zh'])).toBe('Qwen/Qwen2.5-0.5B-Instruct');
    expect(name(deviceWith(8), ['hi', 'en'])).toBe('meta-llama/Llama-3.2-1B-Instruct');
    expect(name(deviceWith(8), ['hi', 'zh'])).toBeUndefined();
    expect(name(deviceWith(0.3), [])).toBe('HuggingFaceTB/SmolLM2-135M-Instruct');
    expect(name(deviceWith(8, { isSoftware: true, profile: { ...DEFAULT_PROFILE, variant: 'serial' } }), [])).toBe(
      'HuggingFaceTB/SmolLM2-135M-Instruct',
    );
    expect(name(deviceWith(0.01), [])).toBeUndefined();
    const [first] = chooseModels(deviceWith(8), { languages: ['de'] }, some).choices;
    expect(first?.languages).toContain('de');
  });
});

describe('the memory of a device', () => {
  it('is tried once per adapter, cached, and tried again when asked', async () => {
    const gpu = await testGpu();
    const store = makeMemoryStore();
    const before = gpu.bytesAllocated;
    const first = await deviceFor(gpu, store);
    expect(gpu.bytesAllocated).toBe(before);
    expect(first.memory.availableBytes).toBeGreaterThan(0);
    expect(first.flopsPerSecond).toBeGreaterThan(0);
    const made = gpu.buffersCreated;
    expect(await deviceFor(gpu, store)).toEqual(first);
    expect(gpu.buffersCreated).toBe(made);
    await deviceFor(gpu, store, { probeAgain: true });
    expect(gpu.buffersCreated).toBeGreaterThan(made);
    await store.write('device-memory.json', '{"what":');
    expect((await deviceFor(gpu, store)).memory.availableBytes).toBeGreaterThan(0);
    gpu.assertHealthy();
  });

  it('ends where the GPU refuses, gives everything back, and leaves it usable', async () => {
    const gpu = await openTestGpu();
    const memory = shortOfMemory(gpu);
    // A GPU of two chunks: past them it refuses, to the innermost scope.
    memory.failFrom(2);
    expect(await probeMemory(gpu, 4 * GIB)).toEqual({ availableBytes: 512 * 2 ** 20, isAtLeast: false });
    memory.failFrom(undefined);
    expect(await probeMemory(gpu, 300 * 2 ** 20)).toEqual({ availableBytes: 300 * 2 ** 20, isAtLeast: true });
    expect(gpu.bytesAllocated).toBe(0);
  });
});
