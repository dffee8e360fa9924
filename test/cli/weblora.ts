import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

/** What Dawn itself prints where a driver has higher limits than it uses; nothing of the command can keep it off stderr. */
const DAWN_WARNING = /^Warning: maxDynamic\w+BuffersPerPipelineLayout artificially reduced .*\n/gm;

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of stderr: the failure, when there is one. */
  readonly error: string;
  /** Lines of stdout as JSON, for runs with --json. */
  readonly records: () => Record<string, unknown>[];
}

/** Runs the built command and waits for its end. */
export function weblora(
  args: readonly string[],
  options: {
    /** When to press Ctrl-C, or to send another signal. */
    signalAfter?: (stdout: string) => boolean;
    signal?: NodeJS.Signals;
    cwd?: string;
    /** When to stop reading stdout and stderr, as `2>&1 | head` does. */
    closeAfter?: (stdout: string) => boolean;
    input?: string;
    env?: Record<string, string>;
  } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'dist', 'cli.js'), ...args], {
      cwd: options.cwd ?? ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    child.stdin.end(options.input ?? '');
    let stdout = '';
    let stderr = '';
    let signalled = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (!signalled && options.signalAfter?.(stdout) === true) {
        signalled = true;
        child.kill(options.signal ?? 'SIGINT');
      }
      if (options.closeAfter?.(stdout) === true) for (const stream of [child.stdout, child.stderr]) stream.destroy();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status, signal) => {
      stderr = stderr.replace(DAWN_WARNING, '');
      resolve({
        status,
        signal,
        stdout,
        stderr,
        error: stderr.trimEnd().split('\n').at(-1) ?? '',
        records: () =>
          stdout
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Record<string, unknown>),
      });
    });
  });
}
