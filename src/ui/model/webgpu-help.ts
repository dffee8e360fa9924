/** What a page can find out about why there is no graphics chip for it, or a slow one. */
export interface Surroundings {
  readonly isSecure: boolean;
  readonly userAgent: string;
  readonly isFramed: boolean;
  /** navigator.gpu, or undefined. */
  readonly gpu: { requestAdapter(options?: object): Promise<AdapterLike | null> } | undefined;
  /** What WebGL says of the chip; undefined where it is off too. */
  readonly webglRenderer: string | undefined;
}

interface AdapterLike {
  readonly info: { readonly vendor: string; readonly architecture: string; readonly description: string };
  readonly isFallbackAdapter?: boolean;
}

export type GpuCase =
  | 'ready'
  | 'plain-http'
  | 'frame'
  | 'old-browser'
  | 'linux-flag'
  | 'policy'
  | 'acceleration-off'
  | 'blocked-driver'
  | 'software';

export interface GpuHelp {
  readonly what: string;
  readonly why: string;
  readonly remedies: readonly string[];
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

interface Browser {
  readonly name: 'Chrome' | 'Edge' | 'Firefox' | 'Safari' | 'other';
  readonly version: number;
  readonly system: 'Windows' | 'macOS' | 'iOS' | 'Android' | 'Linux' | 'other';
}

export function readBrowser(userAgent: string): Browser {
  const version = (pattern: RegExp): number => Number(pattern.exec(userAgent)?.[1] ?? 0);
  const system = /iPhone|iPad/.test(userAgent)
    ? 'iOS'
    : /Android/.test(userAgent)
      ? 'Android'
      : /Windows/.test(userAgent)
        ? 'Windows'
        : /Mac OS X/.test(userAgent)
          ? 'macOS'
          : /Linux|CrOS/.test(userAgent)
            ? 'Linux'
            : 'other';
  if (/Edg\//.test(userAgent)) return { name: 'Edge', version: version(/Edg\/(\d+)/), system };
  if (/Firefox\//.test(userAgent)) return { name: 'Firefox', version: version(/Firefox\/(\d+)/), system };
  if (/Chrome\//.test(userAgent)) return { name: 'Chrome', version: version(/Chrome\/(\d+)/), system };
  if (/Version\/[\d.]+.*Safari/.test(userAgent)) return { name: 'Safari', version: version(/Version\/(\d+)/), system };
  return { name: 'other', version: 0, system };
}

/** First versions with WebGPU on by default; Chrome on Linux asks for a flag where it is not. */
function isOld({ name, version, system }: Browser): boolean {
  if (name === 'Chrome' || name === 'Edge') return version < (system === 'Android' ? 121 : 113);
  if (name === 'Safari') return version < 26;
  if (name === 'Firefox') return version < (system === 'Windows' ? 141 : 145);
  return true;
}

/** Tells the cases apart, in the order in which one hides the next. */
export async function findGpuCase(here: Surroundings): Promise<GpuCase> {
  const { isSecure, userAgent, isFramed, gpu, webglRenderer } = here;
  if (!isSecure) return 'plain-http';
  if (gpu === undefined) {
    if (isFramed) return 'frame';
    const browser = readBrowser(userAgent);
    const isChromium = browser.name === 'Chrome' || browser.name === 'Edge';
    if (isOld(browser)) return 'old-browser';
    if (isChromium && browser.system === 'Linux') return 'linux-flag';
    return 'policy';
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (adapter === null) {
    if (isFramed) return 'frame';
    const { system } = readBrowser(userAgent);
    const isSoftwareGl = webglRenderer !== undefined && SOFTWARE.test(webglRenderer);
    if (webglRenderer === undefined || isSoftwareGl) return 'acceleration-off';
    return system === 'Linux' ? 'linux-flag' : 'blocked-driver';
  }
  const { vendor, architecture, description } = adapter.info;
  const isSoftware = adapter.isFallbackAdapter === true || SOFTWARE.test(`${vendor} ${architecture} ${description}`);
  return isSoftware ? 'software' : 'ready';
}

export const GPU_HELP: Readonly<Record<Exclude<GpuCase, 'ready'>, GpuHelp>> = {
  'plain-http': {
    what: 'This address is not secure',
    why: 'Browsers give pages the graphics chip over https only, or on localhost.',
    remedies: ['Open the same address with https:// in front.', 'On your own computer, use http://localhost.'],
  },
  frame: {
    what: 'Another page holds this one in a frame',
    why: 'The outer page did not pass on the permission to use the graphics chip.',
    remedies: ['Open this page in a tab of its own.'],
  },
  'old-browser': {
    what: 'This browser has no WebGPU yet',
    why: 'WebGPU is how a page computes on the graphics chip. It came with Chrome and Edge 113, Safari 26 and Firefox 141.',
    remedies: ['Update the browser, or use a current Chrome, Edge, Safari or Firefox.'],
  },
  'linux-flag': {
    what: 'WebGPU is switched off in this browser on Linux',
    why: 'Chrome on Linux offers it for some graphics drivers only.',
    remedies: [
      'Open chrome://flags/#enable-unsafe-webgpu, choose Enabled, and restart the browser.',
      'If that does not help, also enable Vulkan at chrome://flags/#enable-vulkan.',
    ],
  },
  policy: {
    what: 'WebGPU is switched off here',
    why: 'The browser knows it but does not give it to pages: a setting, an extension or a rule of your organisation.',
    remedies: [
      'In Chrome and Edge look at chrome://policy and chrome://gpu, in Firefox at dom.webgpu.enabled in about:config.',
      'Try a window without extensions, or ask whoever looks after this computer.',
    ],
  },
  'acceleration-off': {
    what: 'Graphics acceleration is off',
    why: 'The browser draws without the graphics chip, so pages cannot compute on it either.',
    remedies: [
      'In Chrome and Edge: Settings, System, switch on “Use graphics acceleration when available”, and restart.',
      'In a virtual machine or over remote desktop, use the computer itself.',
    ],
  },
  'blocked-driver': {
    what: 'The driver of the graphics chip is blocked',
    why: 'The browser knows faults in this version of it, and leaves it alone.',
    remedies: [
      'Update the driver: from Windows Update or the maker’s site, or with a system update.',
      'chrome://gpu says under “Problems” what is wrong.',
    ],
  },
  software: {
    what: 'The graphics chip is imitated in software',
    why: 'Everything works and gives the same results, but many times slower.',
    remedies: ['Switch on graphics acceleration in the browser’s settings, or use a computer with a graphics chip.'],
  },
};

/** What this page can see of its surroundings. */
export function surroundings(): Surroundings {
  return {
    isSecure: isSecureContext,
    userAgent: navigator.userAgent,
    isFramed: self !== top,
    gpu: (navigator as Partial<Navigator>).gpu,
    webglRenderer: rendererOfWebgl(),
  };
}

function rendererOfWebgl(): string | undefined {
  const gl = document.createElement('canvas').getContext('webgl');
  if (gl === null) return undefined;
  const details = gl.getExtension('WEBGL_debug_renderer_info');
  const renderer: unknown = gl.getParameter(details?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return String(renderer);
}
