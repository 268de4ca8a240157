import type { Refusal } from "./dialect.js";
import type { Problem } from "./problem.js";

/** An error as OpenAI words it. */
export function openaiRefusal({ status, message, type, param, code }: Problem): Refusal {
  return { status, body: JSON.stringify({ error: { message, type, param, code } }) };
}
