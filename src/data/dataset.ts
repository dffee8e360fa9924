/** A data file as the user gave it. */
export interface Dataset {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The file's own names for the names of the shapes: `{ question: 'Frage' }`; found by their keys where absent. */
  readonly columns?: Readonly<Record<string, string>>;
}
