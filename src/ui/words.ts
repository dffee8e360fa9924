/** A model's name without the terminal's mark for the hub. */
export const modelTitle = (name: string): string => name.replace(/^hf:/, '');

/** A note of the engine, which begins small and ends without a stop. */
export const asSentence = (note: string): string => `${note.charAt(0).toUpperCase()}${note.slice(1)}.`;
