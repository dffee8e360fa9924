import { openAsBlob, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WebLoraError } from '../../errors.ts';
import { hubAddressOf, hubToken } from '../../sources/node-models.ts';
import { checkedName, uploadToHub } from '../../sources/hub-upload.ts';
import type { Flags } from '../flags.ts';
import { formatBytes, type Output } from '../output.ts';
import { abortOnStop } from '../stop-signals.ts';

/** Files that make an adapter or a model; everything else of a folder stays: data, reports, checkpoints, a run's record. */
const MODEL_FILES = [
  /^(README|CHECK|LICENSE|USE_POLICY)\.md$|^(LICENSE|NOTICE)(\.txt)?$|^Modelfile$|\.Modelfile$/,
  /^(adapter_model|adapters|model|model-\d+-of-\d+)\.safetensors$|^model\.safetensors\.index\.json$|\.gguf$/,
  /^(adapter_config|config|generation_config|golden|weblora-signature)\.json$|^check_peft\.py$/,
  /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template)\.json$/,
  /^merges\.txt$|^tokenizer\.model$|^chat_template\.jinja$/,
];

/** `weblora upload` @returns the exit status */
export async function upload(folder: string, flags: Flags, output: Output): Promise<number> {
  const repo = checkedName(flags.required('repo', 'owner/name'));
  const names = filesOf(folder);
  const files = names.filter((name) => MODEL_FILES.some((pattern) => pattern.test(name)));
  const leftOut = names.filter((name) => !files.includes(name));
  const hubUrl = hubAddressOf();
  const where = `${hubUrl}/${repo}, ${flags.flag('update') ? 'an update' : flags.flag('public') ? 'for everyone to see' : 'private'}`;
  const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  output.note(`to ${where}: ${files.join(', ') || 'nothing'} (${formatBytes(bytes)})`);
  if (leftOut.length > 0) output.note(`not uploaded: ${leftOut.join(', ')}`);
  if (flags.flag('dry-run')) {
    output.record({ repo, hubUrl, files, leftOut, bytes, dryRun: true });
    return 0;
  }
  const { signal, release } = abortOnStop();
  const progress = output.progress('uploading', 'kB');
  try {
    const blobs = files.map(async (name) => [name, await openAsBlob(join(folder, name))] as const);
    const done = await uploadToHub(new Map(await Promise.all(blobs)), repo, {
      token: requiredToken(hubUrl),
      hubUrl,
      signal,
      update: flags.flag('update'),
      ...(flags.has('public') && { public: flags.flag('public') }),
      ...(flags.has('message') && { message: flags.text('message') ?? '' }),
      onProgress: (sent, total) => progress.update(Math.floor(sent / 1e3), Math.ceil(total / 1e3)),
    });
    progress.end();
    output.warnOf(folder, done.notes);
    output.record({ ...done, leftOut });
    output.line(`${done.url}: ${done.files.length} files, commit ${done.commit}`);
    return 0;
  } finally {
    progress.end();
    release();
  }
}

/** Of a folder itself, without its folders. @throws `file-not-found` */
function filesOf(folder: string): string[] {
  const path = resolve(folder);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder) {
    const kinds = readdirSync(path).map(
      (name) => [name, statSync(join(path, name), { throwIfNoEntry: false })] as const,
    );
    return kinds.map(([name, kind]) => (kind?.isFile() === true ? name : `${name}/`)).sort();
  }
  throw new WebLoraError('file-not-found', `upload ${folder}`, {
    got: 'no such folder',
    wanted: 'a folder that train or export wrote',
    fix: 'check the path; a single file goes into a folder with a README.md',
  });
}

function requiredToken(hubUrl: string): string {
  const token = hubToken();
  if (token !== undefined) return token;
  throw new WebLoraError('access', 'upload', {
    got: 'no access token',
    wanted: 'one with write access',
    fix: `make it at ${hubUrl}/settings/tokens and set it as HF_TOKEN, or sign in with \`hf auth login\``,
  });
}
