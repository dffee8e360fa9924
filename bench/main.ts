/** Benchmarks: `npm run bench`, or `npm run bench -- matmul_nt` for one kernel room. JSON rows on standard output. */
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
  const { benchKernels } = await ssr.runner.import<typeof import('./kernels.ts')>(
    join(import.meta.dirname, 'kernels.ts'),
  );
  await benchKernels(process.argv[2]);
} finally {
  await server.close();
}
