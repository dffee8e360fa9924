import { describe, expect, it } from 'vitest';
import { findGpuCase, type GpuCase, type Surroundings } from './webgpu-help.ts';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const LINUX = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const OLD =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36';
const SAFARI = (version: string): string =>
  `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version} Safari/605.1.15`;
const FIREFOX = (version: number): string =>
  `Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`;

const NVIDIA = { vendor: 'nvidia', architecture: 'ampere', description: '' };
const giving = (info: typeof NVIDIA | null, isFallbackAdapter = false): NonNullable<Surroundings['gpu']> => ({
  requestAdapter: () => Promise.resolve(info === null ? null : { info, isFallbackAdapter }),
});
const HERE: Surroundings = {
  isSecure: true,
  userAgent: CHROME,
  isFramed: false,
  gpu: giving(NVIDIA),
  webglRenderer: 'ANGLE (NVIDIA GeForce RTX 3060)',
};

describe('why there is no graphics chip', () => {
  it.each<[GpuCase, string, Partial<Surroundings>]>([
    ['ready', 'all is well', {}],
    ['plain-http', 'an address without https, whatever else', { isSecure: false, gpu: undefined, userAgent: OLD }],
    ['old-browser', 'Chrome 109', { gpu: undefined, userAgent: OLD }],
    ['old-browser', 'Safari 18', { gpu: undefined, userAgent: SAFARI('18.5') }],
    ['old-browser', 'Firefox 128', { gpu: undefined, userAgent: FIREFOX(128) }],
    ['old-browser', 'something unknown', { gpu: undefined, userAgent: 'Lynx/2.9' }],
    ['linux-flag', 'Chrome on Linux without navigator.gpu', { gpu: undefined, userAgent: LINUX }],
    ['linux-flag', 'Chrome on Linux with a chip and no adapter', { gpu: giving(null), userAgent: LINUX }],
    ['policy', 'a current Firefox without navigator.gpu', { gpu: undefined, userAgent: FIREFOX(145) }],
    ['policy', 'a current Chrome without navigator.gpu', { gpu: undefined }],
    ['frame', 'a frame without the permission', { gpu: undefined, isFramed: true }],
    ['frame', 'a frame that gets no adapter', { gpu: giving(null), isFramed: true }],
    ['acceleration-off', 'no WebGL either', { gpu: giving(null), webglRenderer: undefined }],
    ['acceleration-off', 'WebGL in software', { gpu: giving(null), webglRenderer: 'Google SwiftShader' }],
    ['blocked-driver', 'WebGL on a chip, and no adapter', { gpu: giving(null) }],
    [
      'blocked-driver',
      'an adapter request that fails',
      { gpu: { requestAdapter: () => Promise.reject(new Error('lost')) } },
    ],
    ['software', 'a fallback adapter', { gpu: giving(NVIDIA, true) }],
    ['software', 'SwiftShader by name', { gpu: giving({ ...NVIDIA, vendor: 'google', architecture: 'swiftshader' }) }],
    ['software', 'llvmpipe by description', { gpu: giving({ ...NVIDIA, description: 'llvmpipe (LLVM 15)' }) }],
  ])('%s: %s', async (expected, _name, parts) => {
    expect(await findGpuCase({ ...HERE, ...parts })).toBe(expected);
  });
});
