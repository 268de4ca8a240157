import { createHash } from "node:crypto";

const MOST_WORDS = 60;

/**
 * What the simulated model answers: no model has thought about it. The number in it is made of the whole prompt, so an
 * answer can be held against its prompt; its length is that of a real answer, a word for a class, as much as the text for
 * a translation.
 */
export function simulatedAnswer(prompt: string): string {
  const mark = createHash("sha256").update(prompt).digest("hex").slice(0, 12);
  const at = prompt.indexOf("\n\n");
  const words = prompt.slice(at + 2).split(/\s+/);
  const length = prompt.startsWith("Classify") ? 1 : prompt.startsWith("Translate") ? words.length : words.length / 3;
  return `[simulated ${mark}] ${words.slice(0, Math.min(Math.ceil(length), MOST_WORDS)).join(" ")}`;
}
