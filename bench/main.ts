/**
 * Benchmarks: `npm run bench` for the kernel rooms, `npm run bench -- matmul_nt` for one of them, `npm run bench -- train`
 * for the training step of the built-in model. JSON rows on standard output.
 */
import { join } from 'node:path';
import { createServer, isRunnableDevEnvironment } from 'vite';

// Vite's runner reads `.wgsl?raw` as the product's build does.
const server = await createServer({
  root: join(import.meta.dirname, '..'),
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false },
  optimizeDeps: { noDiscovery: true },
});
try {
  const { ssr } = server.environments;
  if (ssr === undefined || !isRunnableDevEnvironment(ssr)) throw new Error('vite has no runner for Node');
  const load = <T>(file: string): Promise<T> => ssr.runner.import(join(import.meta.dirname, file));
  if (process.argv[2] === 'train') await (await load<typeof import('./train.ts')>('train.ts')).benchTrain();
  else await (await load<typeof import('./kernels.ts')>('kernels.ts')).benchKernels(process.argv[2]);
} finally {
  await server.close();
}
