import { describe, expect, it } from 'vitest';
import { memorySource } from '../../src/formats/byte-source.ts';
import { modelFolderOf } from './given-files.ts';

const given = (...paths: readonly string[]) =>
  modelFolderOf(new Map(paths.map((path) => [path, memorySource(path, new TextEncoder().encode(path))])));
const contents = async (...paths: readonly string[]): Promise<Record<string, string>> => {
  const out: Record<string, string> = {};
  for (const [name, source] of given(...paths).files)
    out[name] = new TextDecoder().decode(await source.read(0, source.size));
  return out;
};

describe('files that a person gives', () => {
  it('are the model’s own, not those of the same names below it', async () => {
    const paths = ['toy/config.json', 'toy/model.safetensors'];
    const below = ['toy/checkpoint-500/config.json', 'toy/checkpoint-500/model.safetensors', 'toy/onnx/config.json'];
    const wanted = { 'config.json': 'toy/config.json', 'model.safetensors': 'toy/model.safetensors' };
    expect(await contents(...paths, ...below)).toEqual(wanted);
    expect(await contents(...below, ...paths)).toEqual(wanted);
    expect(given(...paths).name).toBe('toy');
  });

  it('may lie one folder further down', async () => {
    expect(await contents('all/readme.txt', 'all/toy/config.json', 'all/toy/model.safetensors')).toEqual({
      'config.json': 'all/toy/config.json',
      'model.safetensors': 'all/toy/model.safetensors',
    });
  });

  it('may be plain files, or one', async () => {
    expect(Object.keys(await contents('config.json', 'model.safetensors'))).toHaveLength(2);
    expect(given('toy.gguf').name).toBe('toy.gguf');
    expect(given('notes.txt').name).toBe('notes.txt');
    expect(given('config.json', 'model.safetensors').name).toBe('the dropped files');
  });

  it('are refused where two models lie side by side', () => {
    expect(() => given('all/a/config.json', 'all/b/config.json')).toThrow(
      'the given folder: got 2 models side by side: all/a, all/b, wanted the folder of one model; choose one of these folders',
    );
  });
});
