/** Heads whose parts of an attention row_product can put together. */
export const MOST_HEADS = 64;
