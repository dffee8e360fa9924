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
