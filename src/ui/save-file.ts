/** Gives bytes to the browser's downloads. */
export function saveFile(name: string, content: Uint8Array | string, type: string): void {
  const part = typeof content === 'string' ? content : (content as Uint8Array<ArrayBuffer>);
  saveBlob(name, new Blob([part], { type }));
}

/** The same for what may be larger than memory: the browser reads it from its storage. */
export function saveBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  // The browser opens the URL after this turn; what it has opened stays readable.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
