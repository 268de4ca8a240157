/** One line of JSON of anything: what JSON does not have is shown as text, and errors as what they say. */
import { inspect } from "node:util";
import { show } from "../../config/show.js";

export function plainJson(value: unknown): string {
  try {
    return JSON.stringify(value, plain);
  } catch {
    // It refers to itself.
    return JSON.stringify(shallow(value));
  }
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack, code } = value as Error & { code?: unknown };
    return { name, message, code, stack, cause: value.cause };
  }
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) return show(value);
  return typeof value === "bigint" || typeof value === "symbol" || typeof value === "function" ? String(value) : value;
}

function shallow(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return show(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      typeof field === "object" ? inspect(field) : plain(name, field),
    ]),
  );
}
