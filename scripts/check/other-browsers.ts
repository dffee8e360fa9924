/**
 * What the page says and does in browsers that the tests have no build of, by hand, after `npx vite build`:
 * `npx tsx scripts/check/other-browsers.ts firefox /usr/bin/firefox-esr` with Debian's firefox-esr, or
 * `xvfb-run npx tsx scripts/check/other-browsers.ts webkit /usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser` with
 * webkit2gtk-driver and xvfb. Where there is no WebGPU it asks the page to measure the slow path, which trains two steps of
 * a sample through tfjs and throws them away; then its server goes, and the page is loaded once more. Prints what a person would read, and keeps a picture in the folder
 * that the third argument names. Results: docs/checks.md.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSite } from '../../test/browser/site.ts';

/** The part of WebDriver that is needed: https://www.w3.org/TR/webdriver2/. */
interface Driver {
  readonly version: string;
  readonly go: (url: string) => Promise<unknown>;
  /** Runs a function body in the page. */
  readonly run: (body: string) => Promise<unknown>;
  /** As PNG in base64. */
  readonly picture: () => Promise<string>;
  readonly close: () => Promise<void>;
}

const PATIENCE_MS = 240_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function retry<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= 60) throw error;
      await sleep(500);
    }
  }
}

/** Marionette, Firefox's own protocol: `length:[type, id, command, parameters]` over TCP. */
async function openFirefox(binary: string): Promise<Driver> {
  const profile = mkdtempSync(join(tmpdir(), 'weblora-firefox-'));
  const child = spawn(binary, ['--headless', '--marionette', '--profile', profile], { stdio: 'ignore' });
  const socket = await retry(
    () =>
      new Promise<Socket>((resolve, reject) => {
        const opened = connect(2828, '127.0.0.1', () => resolve(opened));
        opened.once('error', reject);
      }),
  );
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const colon = received.indexOf(':');
      const length = Number(received.subarray(0, colon).toString());
      if (colon < 0 || received.length < colon + 1 + length) return;
      const message = JSON.parse(received.subarray(colon + 1, colon + 1 + length).toString()) as unknown;
      received = received.subarray(colon + 1 + length);
      if (!Array.isArray(message)) continue; // the greeting
      const [, id, error, result] = message as [number, number, { message: string } | null, unknown];
      const asked = waiting.get(id);
      if (error === null) asked?.resolve(result);
      else asked?.reject(new Error(error.message));
    }
  });
  let last = 0;
  const send = (command: string, parameters: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify([0, (last += 1), command, parameters]);
      waiting.set(last, { resolve, reject });
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  const session = (await send('WebDriver:NewSession')) as { capabilities: { browserVersion: string } };
  const valueOf = async (answer: Promise<unknown>): Promise<unknown> => ((await answer) as { value: unknown }).value;
  return {
    version: `Firefox ${session.capabilities.browserVersion}`,
    go: (url) => send('WebDriver:Navigate', { url }),
    run: (script) => valueOf(send('WebDriver:ExecuteScript', { script, args: [] })),
    picture: async () => String(await valueOf(send('WebDriver:TakeScreenshot', { full: false }))),
    close: async () => {
      await send('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => undefined);
      socket.destroy();
      await ended(child);
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

async function openWebkit(binary: string): Promise<Driver> {
  const port = 4455;
  const child = spawn('WebKitWebDriver', [`--port=${port}`], { stdio: 'ignore' });
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    const { value } = (await answer.json()) as { value: unknown };
    if (!answer.ok) throw new Error(JSON.stringify(value));
    return value;
  };
  await retry(() => ask('GET', '/status'));
  const options = { binary, args: ['--automation'] };
  const { sessionId, capabilities } = (await ask('POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } },
  })) as { sessionId: string; capabilities: { browserName: string; browserVersion: string } };
  const session = `/session/${sessionId}`;
  return {
    version: `WebKitGTK ${capabilities.browserVersion} (${capabilities.browserName})`,
    go: (url) => ask('POST', `${session}/url`, { url }),
    run: (script) => ask('POST', `${session}/execute/sync`, { script, args: [] }),
    picture: async () => String(await ask('GET', `${session}/screenshot`)),
    close: async () => {
      await ask('DELETE', session).catch(() => undefined);
      child.kill();
      await ended(child);
    },
  };
}

function ended(child: ChildProcess): Promise<void> {
  return child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));
}

const [name = '', binary = '', pictures] = process.argv.slice(2);
const open = { firefox: openFirefox, webkit: openWebkit }[name];
if (open === undefined || binary === '') throw new Error('wanted: firefox or webkit, and the path of its binary');
const site = await openSite(join(import.meta.dirname, '..', '..', 'dist', 'app'));
const driver = await open(binary);

const text = async (): Promise<string> => String(await driver.run('return document.body.innerText'));
const until = async (what: RegExp): Promise<string> => {
  const begun = performance.now();
  for (;;) {
    const found = what.exec(await text());
    if (found !== null) return found[0];
    if (performance.now() - begun > PATIENCE_MS) throw new Error(`never came: ${String(what)}\n${await text()}`);
    await sleep(500);
  }
};
const press = (label: RegExp): Promise<unknown> =>
  driver.run(
    `const wanted = [...document.querySelectorAll('button, a')].find((one) => ${String(label)}.test(one.innerText));
     if (wanted === undefined) throw new Error('no button ' + ${JSON.stringify(String(label))});
     wanted.click();`,
  );
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const keep = async (as: string): Promise<void> => {
  if (pictures !== undefined) writeFileSync(join(pictures, `${name}-${as}.png`), await driver.picture(), 'base64');
};

try {
  await driver.go(site.url);
  await until(/Built-in model ready.*/);
  say(await text());
  await keep('model');
  await driver.go(`${site.url}#/train?sample=shop`);
  say(driver.version);
  say(`navigator.gpu: ${String(await driver.run("return 'gpu' in navigator"))}`);
  await until(/\d+ in \d+ rounds/);
  say(await text());
  await keep('train');
  if (/Measure/.test(await text())) {
    await press(/^Measure$/);
    await until(/That is long|about [\d.]+ (s|min|h)/);
    say('---- measured');
    say(await text());
    await keep('measured');
  }
  // The worker that begins from a blob has to find its program and the model in what the service worker stored.
  await until(/works without a network/);
  await site.close();
  await driver.go(`${site.url}#/model`);
  await driver.run('location.reload()');
  await sleep(2000);
  say(`---- its server gone: ${await until(/Built-in model ready.*/)}`);
} finally {
  await driver.close();
  await site.close();
}
