/**
 * An array of whole numbers as NumPy's .npy file, version 1.0, which `numpy.load` opens and maps.
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * @param values written as little-endian int32, one dimension
 */
export function writeNpy(values: Int32Array): Uint8Array<ArrayBuffer> {
  const described = `{'descr': '<i4', 'fortran_order': False, 'shape': (${values.length},), }`;
  // Magic, version and length take 10 bytes; the values begin at a multiple of 64.
  const start = Math.ceil((10 + described.length + 1) / 64) * 64;
  const header = `${described.padEnd(start - 10 - 1)}\n`;
  const bytes = new Uint8Array(start + values.length * 4);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), 10);
  values.forEach((value, i) => view.setInt32(start + i * 4, value, true));
  return bytes;
}
