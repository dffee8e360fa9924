import { readBrowser } from '../ui/model/webgpu-help.ts';

interface Brand {
  readonly brand: string;
  readonly version: string;
}

/** Of the User-Agent Client Hints, which Chromium has and TypeScript's library lacks. */
interface UserAgentData {
  readonly platform: string;
  getHighEntropyValues(hints: readonly string[]): Promise<{
    readonly fullVersionList?: readonly Brand[];
    readonly architecture?: string;
    readonly bitness?: string;
  }>;
}

interface AskedNavigator {
  readonly userAgent: string;
  readonly hardwareConcurrency: number;
  readonly userAgentData?: UserAgentData;
}

/** A row's `runtime` in a browser, e.g. `Google Chrome 147.0.7727.56, Linux x86 64 bit, 8 threads`. */
export async function describeRuntime(navigator: AskedNavigator): Promise<string> {
  const { userAgent, hardwareConcurrency, userAgentData } = navigator;
  const browser = userAgentData === undefined ? fromText(userAgent) : await fromHints(userAgentData);
  return `${browser ?? fromText(userAgent)}, ${hardwareConcurrency} threads`;
}

async function fromHints(data: UserAgentData): Promise<string | undefined> {
  const {
    fullVersionList = [],
    architecture = '',
    bitness = '',
  } = await data.getHighEntropyValues(['fullVersionList', 'architecture', 'bitness']);
  // Beside the browser's own name the list has its engine's, and one that is made up so that nobody relies on the list.
  const real = fullVersionList.filter(({ brand }) => !/not.?a.?brand/i.test(brand));
  const own = real.find(({ brand }) => brand !== 'Chromium') ?? real[0];
  if (own === undefined) return undefined;
  const machine = [data.platform, architecture, bitness && `${bitness} bit`].filter((part) => part !== '').join(' ');
  return `${own.brand} ${own.version}, ${machine}`;
}

function fromText(userAgent: string): string {
  const { name, version, system } = readBrowser(userAgent);
  return name === 'other' ? userAgent : `${name} ${version}, ${system}`;
}
