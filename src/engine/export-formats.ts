import type { LoraAdapter } from '../adapters/adapter.ts';
import { ADAPTER_FORMATS, downloadExtension, objectionTo } from '../adapters/formats/index.ts';
import { MERGED_FORMATS } from '../merge/index.ts';
import type { ExportFormat, MergedExportFormat } from './calls.ts';

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

/** Every way to export the whole model. */
export function mergedExportFormats(): readonly MergedExportFormat[] {
  return MERGED_FORMATS.map(({ name, layout }) => ({
    name,
    layout: layout.kind,
    extension: layout.kind === 'file' ? layout.extension : '.zip',
  }));
}
