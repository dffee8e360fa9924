import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { unpackSparticuz } from '../../src/gpu/sparticuz.ts';

/** Starts the headless Chromium that comes from npm, with WebGPU over SwiftShader in pages and workers. */
export async function launchChromium(): Promise<Browser> {
  const folder = await unpackSparticuz('chromium', [
    { name: 'chromium.br', file: 'chromium' },
    { name: 'swiftshader.tar.br' },
    { name: 'al2023.tar.br', folder: 'al2023' },
    { name: 'fonts.tar.br', folder: 'fonts' },
  ]);
  // The package's own fonts.conf names folders of another system.
  const fonts = join(folder, 'fonts', 'fonts-here.conf');
  await writeFile(fonts, fontsConf(join(folder, 'fonts')));
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    headless: true,
    chromiumSandbox: false,
    args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--font-render-hinting=none'],
    env: {
      ...process.env,
      FONTCONFIG_FILE: fonts,
      // libnss3 and libnspr4, which a bare system lacks.
      LD_LIBRARY_PATH: [join(folder, 'al2023', 'lib'), process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':'),
    },
  });
}

function fontsConf(folder: string): string {
  return `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}</dir>
  <dir>/usr/share/fonts</dir>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <cachedir>${join(folder, 'cache')}</cachedir>
</fontconfig>
`;
}
