import type { LoraAdapter } from '../adapters/adapter.ts';
import { ADAPTER_FORMATS, downloadExtension, objectionTo } from '../adapters/formats/index.ts';
import type { ExportFormat } from './calls.ts';

/** What the registry says of an adapter, as data that crosses to a page. */
export function exportFormatsOf(adapter: LoraAdapter): readonly ExportFormat[] {
  return ADAPTER_FORMATS.map((format) => {
    const { name, label, opens, files } = format;
    const objection = objectionTo(format, adapter);
    return {
      name,
      label,
      opens,
      files,
      extension: downloadExtension(format),
      ...(objection !== undefined && { objection }),
    };
  });
}
