import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serveFolder } from './static-server.ts';

const folder = join(import.meta.dirname, '..', 'dist', 'app');
const port = Number(process.env['PORT'] ?? 4173);

if (!existsSync(join(folder, 'index.html'))) {
  process.stderr.write('The page is not built yet: run `npm run build` first, or `npm start`, which does both.\n');
  process.exit(1);
}
serveFolder(folder)
  .on('error', (error: NodeJS.ErrnoException) => {
    const reason =
      error.code === 'EADDRINUSE'
        ? `port ${port} is taken: stop the other program, or set PORT to another number`
        : error.message;
    process.stderr.write(`The page cannot be served: ${reason}\n`);
    process.exit(1);
  })
  .listen(port, 'localhost', () => process.stdout.write(`WebLoRA is at http://localhost:${port}\n`));
