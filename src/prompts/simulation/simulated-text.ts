/** What a simulated model says: text that shows that it is simulated, and what it answers. */
import { draw } from "./random.js";

/** Enough to tell one prompt from another, and short enough for a terminal. */
const BEGINNING = 80;
const LENGTH = 303;
const FROM = 404;
const WORDS =
  "the answer depends on what is asked and on how it is counted so a model would look at each case in turn and weigh " +
  "what speaks for it first against what speaks against it then it would say which of them matters most and why in a " +
  "few plain sentences with an example or two and end with what remains open and where to look next";
const FILLER = `${WORDS} `.repeat(64);

/** A text is as long as this in tokens: a quarter of its characters, rounded up. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/**
 * A text about a prompt, about as long as is drawn for it.
 *
 * @param hash - what is drawn for
 */
export function simulatedText(prompt: string, hash: number, [least, most]: readonly [number, number]): string {
  const length = 4 * Math.floor(least + draw(hash, LENGTH) * (most - least + 1));
  const beginning = prompt.slice(0, BEGINNING).replace(/\s+/g, " ").trim();
  const head = `[simulated] You asked: ${beginning}${prompt.length > BEGINNING ? "..." : ""}\n`;
  if (head.length >= length) return head.trimEnd();
  return head + filler(hash, length - head.length);
}

/** Words that begin anywhere, and end with a full stop. */
function filler(hash: number, length: number): string {
  const from = FILLER.indexOf(" ", Math.floor(draw(hash, FROM) * WORDS.length)) + 1;
  let text = FILLER.slice(from, from + length - 1);
  while (text.length < length - 1) text += FILLER.slice(0, length - 1 - text.length);
  const end = text.lastIndexOf(" ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1, end > 1 ? end : undefined)}.`;
}
