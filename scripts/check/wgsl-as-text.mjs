// A hook of Node's module loader: kernels are imported as text (`?raw`), as Vite does it.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export async function load(url, context, nextLoad) {
  const [path] = url.split('?');
  if (!path.endsWith('.wgsl')) return nextLoad(url, context);
  const text = await readFile(fileURLToPath(path), 'utf8');
  return { format: 'module', source: `export default ${JSON.stringify(text)};`, shortCircuit: true };
}
