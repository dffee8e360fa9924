import type { BaseFormat } from '../formats/quantize.ts';
import type { ModelSource } from '../engine/calls.ts';

/** `chat.json` of a chat on one's own site: what the widget loads, and how it answers. */
export interface SiteChat {
  readonly format: typeof SITE_FORMAT;
  readonly title: string;
  readonly system?: string;
  readonly base: SiteBase;
  /** How the base was kept while it was trained on. */
  readonly precision: BaseFormat;
  readonly context: number;
  readonly adapter: SiteFolder;
  readonly maxNewTokens: number;
  readonly temperature: number;
}

export const SITE_FORMAT = 'weblora-site/1';

/** Files that lie beside `chat.json`. */
export interface SiteFolder {
  readonly folder: string;
  readonly files: readonly string[];
}

export type SiteBase =
  | (SiteFolder & { readonly kind: 'folder'; readonly bytes: number })
  /** Fetched from there by whoever opens the chat. */
  | Exclude<ModelSource, { readonly kind: 'embedded' | 'files' }>;
