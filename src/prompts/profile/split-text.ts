/** Where a text may be cut, best first: between paragraphs, lines, sentences, words. */
const CUTS: readonly RegExp[] = [/\n\s*\n/g, /\n/g, /[.!?。！？]\s/g, /\s/g];

/**
 * Cuts a text into parts of at most `length` characters, at the best place in the last third of each; together they are
 * the whole text.
 */
export function splitText(text: string, length: number): string[] {
  const parts: string[] = [];
  let start = 0;
  while (text.length - start > length) {
    const end = start + cutOf(text.slice(start, start + length));
    parts.push(text.slice(start, end));
    start = end;
  }
  parts.push(text.slice(start));
  return parts;
}

function cutOf(piece: string): number {
  const least = Math.floor((piece.length * 2) / 3);
  for (const cut of CUTS) {
    const last = [...piece.slice(least).matchAll(cut)].at(-1);
    if (last) return least + last.index + last[0].length;
  }
  // Not between the halves of a character.
  const code = piece.charCodeAt(piece.length - 1);
  return piece.length > 1 && code >= 0xd800 && code <= 0xdbff ? piece.length - 1 : piece.length;
}
