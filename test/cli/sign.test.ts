import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { weblora, ROOT } from './weblora.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-sign-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const ADAPTER = join(ROOT, 'test', 'fixtures', 'toy-llama', 'adapter');

describe('weblora export --sign', () => {
  it('writes adapters that are refused wherever they are read once they were changed', async () => {
    const [key, out, zip] = ['key.json', 'signed', 'signed.zip'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const to of [out, zip]) {
      const exported = await weblora([
        'export',
        '--adapter',
        ADAPTER,
        '--to',
        'peft',
        '--out',
        to,
        '--sign',
        key,
        '--json',
      ]);
      expect(exported.records()[0]?.['files']).toContain('weblora-signature.json');
      const again = join(folder, `again-${to.endsWith('zip') ? 'zip' : 'folder'}`);
      expect((await weblora(['export', '--adapter', to, '--to', 'mlx', '--out', again])).status).toBe(0);
    }
    expect(statSync(key).mode & 0o077).toBe(0);
    const { publicKey } = JSON.parse(readFileSync(key, 'utf8')) as { readonly publicKey: string };
    expect((await weblora(['inspect', out, '--json'])).records()[0]).toMatchObject({
      kind: 'adapter',
      signedBy: publicKey,
    });
    const weights = join(out, 'adapter_model.safetensors');
    const bytes = readFileSync(weights);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(weights, bytes);
    const refused = await weblora(['inspect', out]);
    expect(refused.status).toBe(1);
    expect(refused.error).toContain(
      'error[bad-adapter]: adapter_model.safetensors: got a file that was changed after it was signed',
    );
  });

  it('refuses formats that have no place for one', async () => {
    const args = ['export', '--adapter', ADAPTER, '--to', 'gguf', '--out', join(folder, 'a.gguf')];
    const refused = await weblora([...args, '--sign', join(folder, 'k.json')]);
    expect([refused.status, refused.error]).toEqual([
      2,
      'error[usage]: --sign: got --to gguf, wanted a format that is the folder of an adapter, or a zip of it; leave out --sign, or use --to peft',
    ]);
  });
});
