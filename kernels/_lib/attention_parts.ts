/** The most heads whose attention parts row_product can combine. */
export const MOST_HEADS = 64;
