import { randomInt } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { parseModelAddress } from '../../sources/model-address.ts';
import { withSystem } from '../../data/prepare.ts';
import type { LoadedModel } from '../../engine/core.ts';
import { WebLoraError } from '../../errors.ts';
import type { LoraAdapter } from '../../adapters/adapter.ts';
import { assertAdapterFits } from '../../lora/gpu-adapter.ts';
import { answerSettingsOf, type Flags } from '../flags.ts';
import { MODEL_WANTED } from '../model-source.ts';
import type { Output } from '../output.ts';
import { ChatServer, isLoopback, type Answered, type ServedModels } from '../serve/server.ts';
import { systemPrompt, withAdapters } from '../session.ts';
import { onStopSignal, dieOf } from '../stop-signals.ts';

/** What requests name as their model. */
interface Served {
  readonly adapter?: LoraAdapter;
  /** Put before conversations that have none. */
  readonly system: string | undefined;
}

/** `weblora serve` @returns the exit status */
export async function serve(flags: Flags, output: Output): Promise<number> {
  const host = flags.text('host') ?? '127.0.0.1';
  const port = flags.number('port') ?? 8080;
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new WebLoraError('usage', '--port', {
      got: port,
      wanted: 'a whole number from 0 to 65535',
      fix: 'correct --port',
    });
  const base = baseName(flags.required('model', MODEL_WANTED));
  const adapters = namedAdapters(flags.list('adapter') ?? [], base);
  return withAdapters(flags, output, [...adapters.values()], async ({ model, adapters: opened }) => {
    const served = new Map<string, Served>([[base, { system: flags.text('system') }]]);
    for (const [i, name] of [...adapters.keys()].entries()) {
      const { adapter, run } = opened[i] ?? {};
      if (adapter === undefined) continue;
      assertAdapterFits(adapter, model.opened.model);
      served.set(name, { adapter, system: systemPrompt(flags, run, output) });
    }
    const stop = new AbortController();
    let lost: Error | undefined;
    const server = await ChatServer.listen({
      models: answering(model, served, flags, (failure) => {
        lost = failure;
        stop.abort();
      }),
      host,
      port,
      onAnswered: (answered) => tell(answered, output),
    });
    const release = onStopSignal((signal) => (stop.signal.aborted ? dieOf(signal) : stop.abort()));
    try {
      output.record({ url: server.url, models: [...served.keys()] });
      output.line(`listening on ${server.url}, models: ${[...served.keys()].join(', ')}; Ctrl-C ends it`);
      if (!isLoopback(host))
        output.warn(`--host ${host}: everybody who reaches this address can use these models; nothing is encrypted`);
      if (!stop.signal.aborted)
        await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
      output.note('ending');
      await server.close();
    } finally {
      release();
    }
    if (lost !== undefined) throw lost;
    return 0;
  });
}

/** @param onLost told when the device is lost, after which nothing can be answered */
function answering(
  model: LoadedModel,
  served: ReadonlyMap<string, Served>,
  flags: Flags,
  onLost: (failure: Error) => void,
): ServedModels {
  const { strength, ...given } = answerSettingsOf(flags);
  const defaults = { maxNewTokens: model.context, ...given };
  return {
    names: [...served.keys()],
    async *answer({ model: name, messages, settings }, { signal, onThinking }) {
      const { adapter, system } = served.get(name) ?? {};
      const input = { messages: withSystem(messages, system) };
      try {
        // Without a seed every answer is sampled anew, as clients expect.
        return yield* model.answer(
          { seed: randomInt(2 ** 31), ...defaults, ...settings, input },
          { ...(adapter && { adapter }), ...(strength !== undefined && { strength }), signal, onThinking },
        );
      } catch (thrown) {
        if (thrown instanceof WebLoraError && thrown.code === 'device-lost') onLost(thrown);
        throw thrown;
      }
    },
  };
}

/** What requests call the base model: a hub's name as it is, of a path its last part. */
function baseName(model: string): string {
  const address = parseModelAddress(model);
  return address === undefined ? basename(resolve(model)) : model.replace(/^hf:/, '');
}

/** Paths by names. @throws `usage` for a name that is given twice */
function namedAdapters(given: readonly string[], base: string): Map<string, string> {
  const named = new Map<string, string>();
  for (const entry of given) {
    const at = entry.indexOf('=');
    const path = entry.slice(at + 1);
    const name = at < 0 ? basename(resolve(path)) : entry.slice(0, at).trim();
    if (name === '' || path === '')
      throw new WebLoraError('usage', '--adapter', {
        got: `'${entry}'`,
        wanted: 'NAME=ADAPTER',
        fix: 'correct --adapter',
      });
    if (name === base || named.has(name))
      throw new WebLoraError('usage', '--adapter', {
        got: `the name '${name}' ${name === base ? 'of the base model' : 'twice'}`,
        wanted: 'a name of its own for every adapter',
        fix: 'give it as NAME=ADAPTER',
      });
    named.set(name, path);
  }
  return named;
}

/** Of what was asked and answered only the numbers are said: conversations are nobody else's. */
function tell({ method, path, status, model, report, error }: Answered, output: Output): void {
  const { promptTokens, newTokens, prefillTokensPerSec, decodeTokensPerSec, finishReason } = report ?? {};
  output.record({
    method,
    path,
    status,
    model,
    promptTokens,
    newTokens,
    prefillTokensPerSec,
    decodeTokensPerSec,
    finishReason,
    error,
  });
  const tokens =
    report === undefined
      ? ''
      : ` · ${report.promptTokens} + ${report.newTokens} tokens, ${report.decodeTokensPerSec.toFixed(1)} a second`;
  output.note(
    `${method} ${path} ${status}${model === undefined ? '' : ` · ${model}`}${tokens}${error === undefined ? '' : ` · ${error}`}`,
  );
}
