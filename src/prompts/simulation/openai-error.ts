import type { Problem } from "./problem.js";

/** The body of an error as OpenAI words it. */
export function openaiError({ message, type, param, code }: Problem): string {
  return JSON.stringify({ error: { message, type, param, code } });
}
