/** What asks a program to end: Ctrl-C, `kill`, a terminal that is closed. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls `stop` whenever the program is asked to end, instead of ending it. @returns what gives that up again */
export function onStopSignal(stop: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
  };
}

/**
 * Ends as the signal does without a handler; a shell reports SIGINT as 130. `process.exit` would take apart the GPU
 * driver's globals while its threads compile, which some drivers answer with a segmentation fault.
 */
export function dieOf(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** A signal that says stop when the program is asked to end; asked once more, it ends at once. */
export function abortOnStop(): { readonly signal: AbortSignal; readonly release: () => void } {
  const stop = new AbortController();
  const release = onStopSignal((signal) => (stop.signal.aborted ? dieOf(signal) : stop.abort()));
  return { signal: stop.signal, release };
}
