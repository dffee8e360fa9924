/**
 * Starts a module worker that is bound by the policy of the page. A worker takes its Content-Security-Policy from the
 * response that delivered its script, and a static host sends none; one made from a `blob:` takes its maker's.
 * @param script address of the worker's program, of the page's own origin
 */
export function startWorker(script: string, name: string): Worker {
  const program = `import ${JSON.stringify(new URL(script, location.href).href)};`;
  const url = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
  // The address stays valid for as long as the page: browsers read it at their own time.
  return new Worker(url, { type: 'module', name });
}
