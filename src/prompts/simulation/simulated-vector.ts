import { draw, hashText } from "./random.js";

/** In how many dimensions a word is seen. */
const MARKS = 8;

/** A vector of length 1 for a text: texts that share words are near each other, whatever they mean. */
export function simulatedVector(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
    const hash = hashText(word, 0);
    for (let mark = 0; mark < MARKS; mark += 1) {
      const place = Math.floor(draw(hash, mark) * dimensions);
      vector[place]! += draw(hash, MARKS + mark) < 0.5 ? -1 : 1;
    }
  }
  // Marks of words may cancel each other out.
  if (vector.every((value) => value === 0)) vector[0] = 1;
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
