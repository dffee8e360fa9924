/** Gives bytes to the browser's downloads. */
export function saveFile(name: string, content: Uint8Array | string, type: string): void {
  const part = typeof content === 'string' ? content : (content as Uint8Array<ArrayBuffer>);
  const url = URL.createObjectURL(new Blob([part], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  // The browser reads the URL after this turn; a minute is ample for a file in memory.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
