/**
 * llama.cpp's converter interleaves the rows of each head of some architectures: it stores row j·D/2 + i of a head at
 * 2i + j, since its rotary kernel turns neighbouring values where transformers turns halves.
 * Rows may be values of any kind or whole blocks: `stored.length / rows` elements each.
 */
export function unpermuteRows<T extends Uint8Array | Float32Array>(stored: T, rows: number, heads: number): T {
  return mapRows(stored, rows, heads, (restored, original) => ({ from: original, to: restored }));
}

/** The order llama.cpp stores rows in: the inverse of {@link unpermuteRows}. */
export function permuteRows<T extends Uint8Array | Float32Array>(original: T, rows: number, heads: number): T {
  return mapRows(original, rows, heads, (halves, interleaved) => ({ from: halves, to: interleaved }));
}

/** @param move the two positions of one row of a head: by halves, as transformers has it, and interleaved */
function mapRows<T extends Uint8Array | Float32Array>(
  source: T,
  rows: number,
  heads: number,
  move: (byHalves: number, interleaved: number) => { readonly from: number; readonly to: number },
): T {
  const row = source.length / rows;
  const headDim = rows / heads;
  const half = headDim / 2;
  const moved = source.slice() as T;
  for (let head = 0; head < heads; head++) {
    for (let j = 0; j < 2; j++) {
      for (let i = 0; i < half; i++) {
        const { from, to } = move(head * headDim + j * half + i, head * headDim + 2 * i + j);
        moved.set(source.subarray(from * row, (from + 1) * row), to * row);
      }
    }
  }
  return moved;
}
