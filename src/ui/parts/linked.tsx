const ADDRESS = /(https:\/\/[^\s,;]*[^\s,;.])/;

/** A text whose addresses can be followed. */
export function Linked({ text }: { readonly text: string }) {
  return (
    <>
      {text.split(ADDRESS).map((part, i) =>
        ADDRESS.test(part) ? (
          <a key={i} href={part} target="_blank" rel="noreferrer">
            {part}
          </a>
        ) : (
          part
        ),
      )}
    </>
  );
}
