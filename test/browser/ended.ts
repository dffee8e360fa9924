/** Headlines of a run that ended, whatever its exam said. */
export const ENDED = /^(Ready: |Not yet: |Learned by heart: |Too few rows to tell|Not tested: )/;
