import { signal } from '@preact/signals';
import { fromFailure, toFailure, WebLoraError, type Failure } from '../../errors.ts';
import { SITE_FORMAT, type SiteBase, type SiteChat } from '../../widget/site-chat.ts';
import type { ModelSource } from '../../../workers/engine/contract.ts';
import { language, t } from '../messages/language.ts';
import { saveBlob } from '../save-file.ts';
import { engine, model } from '../state/engine.ts';
import { takenAway } from '../state/only-here.ts';
import { adapter, answerLength, temperature } from '../try/trial.ts';

/** `site-kit/files.json`, which the build writes: what a site needs beside the adapter. */
interface SiteKit {
  /** The widget and its engine. */
  readonly kit: readonly string[];
  /** Of the built-in model's folder. */
  readonly model: readonly { readonly name: string; readonly bytes: number }[];
}

const KIT = 'site-kit/';
const FOLDER = 'weblora/';

const SITE_SCRIPT = `<script type="module" src="./${FOLDER}weblora-chat.js"></script>`;
/** What stands in a page that shows the chat. */
export const SITE_SNIPPET = `${SITE_SCRIPT}\n<weblora-chat></weblora-chat>`;

export type SiteState =
  | { readonly kind: 'none' }
  | { readonly kind: 'working' }
  | { readonly kind: 'done'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const site = signal<SiteState>({ kind: 'none' });
adapter.subscribe(() => (site.value = { kind: 'none' }));

/** Whether a visitor's browser can get the base: the built-in model comes along, others from where they are published. */
export const canBeOnSite = (source: ModelSource): boolean => source.kind !== 'files';

async function fetchFile(path: string): Promise<Uint8Array> {
  const answer = await fetch(path).catch(() => undefined);
  if (answer?.ok !== true)
    throw new WebLoraError('file-not-found', path, { fix: 'reload the page, and check that its server still runs' });
  return new Uint8Array(await answer.arrayBuffer());
}

/** Hands a static folder to the browser as a zip: a page, the widget with its engine, the base or where it is, the adapter. */
export async function makeSite(): Promise<void> {
  if (site.value.kind === 'working') return;
  site.value = { kind: 'working' };
  try {
    const made = await siteZip();
    if (made === undefined) return;
    saveBlob(made.name, made.zip);
    takenAway(made.out);
    site.value = { kind: 'done', name: made.name, bytes: made.zip.size };
  } catch (thrown) {
    site.value = { kind: 'failed', failure: toFailure(thrown) };
  }
}

async function siteZip(): Promise<{ readonly out: string; readonly name: string; readonly zip: Blob } | undefined> {
  const current = adapter.value;
  if (current === undefined || model.value.kind !== 'ready') return undefined;
  const { facts, source } = model.value;
  const { kit, model: modelFiles } = JSON.parse(
    new TextDecoder().decode(await fetchFile(`${KIT}files.json`)),
  ) as SiteKit;
  const files = new Map<string, Uint8Array>();
  for (const name of kit) files.set(FOLDER + name, await fetchFile(KIT + name));
  const written = await engine.adapterFiles(current.id, 'peft');
  if (!written.ok) throw fromFailure(written.error);
  for (const { name, bytes } of written.value) files.set(`${FOLDER}adapter/${name}`, bytes);
  if (source.kind === 'embedded')
    for (const { name } of modelFiles) files.set(`${FOLDER}model/${name}`, await fetchFile(`embedded/model/${name}`));
  const base: SiteBase =
    source.kind === 'hub' || source.kind === 'url'
      ? source
      : {
          kind: 'folder',
          folder: 'model/',
          files: modelFiles.map(({ name }) => name),
          bytes: modelFiles.reduce((sum, { bytes }) => sum + bytes, 0),
        };
  const chat: SiteChat = {
    format: SITE_FORMAT,
    title: current.title,
    ...(current.system !== undefined && { system: current.system }),
    base,
    precision: facts.base,
    context: facts.context,
    adapter: { folder: 'adapter/', files: written.value.map(({ name }) => name) },
    maxNewTokens: answerLength.value,
    temperature: temperature.value,
  };
  const text = new TextEncoder();
  files.set(`${FOLDER}chat.json`, text.encode(`${JSON.stringify(chat, null, 2)}\n`));
  files.set('index.html', text.encode(pageOf(current.title)));
  files.set('README.md', text.encode(t().takeAway.site.readme(current.title, SITE_SNIPPET)));
  const { zipSync } = await import('fflate');
  // Weights hardly shrink, and the rest is small.
  const zip = zipSync(Object.fromEntries(files), { level: 0 });
  return {
    out: current.out,
    name: `${current.out}-site.zip`,
    zip: new Blob([zip], { type: 'application/zip' }),
  };
}

function pageOf(title: string): string {
  const escaped = title.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="${language.value}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${escaped}</title>
    <style>
      body {
        max-width: 42rem;
        margin: 2rem auto;
        padding: 0 1rem;
        font: 1rem/1.5 system-ui, sans-serif;
      }
    </style>
    ${SITE_SCRIPT}
  </head>
  <body>
    <main>
      <h1>${escaped}</h1>
      <weblora-chat untitled></weblora-chat>
    </main>
  </body>
</html>
`;
}
