import { readProperty } from "../../limits/headers/read-property.js";

/** What the body of an error says. */
export interface ErrorBody {
  readonly message: string | undefined;
  /** As in `"rate_limit_exceeded"`. */
  readonly code: string | undefined;
  /** As in `"tokens"`, `"overloaded_error"`. */
  readonly type: string | undefined;
  /** An HTTP status, where servers say it as the code. */
  readonly status: number | undefined;
}

/** `{ type: "error", error: { … } }` is two deep; a body that holds itself ends here. */
const DEEPEST = 4;
const LONGEST_PARSED = 65_536;

const NOTHING: ErrorBody = { message: undefined, code: undefined, type: undefined, status: undefined };

/**
 * Reads the body of an error, parsed or as text, in the shapes that servers have for it: `{ error: { message, type, code } }`
 * of OpenAI, `{ type: "error", error }` of Anthropic, `{ error: "…" }`, `{ message }`, `{ detail }`, and a list of these.
 */
export function readErrorBody(body: unknown, depth = 0): ErrorBody {
  if (typeof body === "string") return depth === 0 ? readText(body) : { ...NOTHING, message: body };
  if (typeof body !== "object" || body === null || depth > DEEPEST) return NOTHING;
  if (Array.isArray(body)) return readErrorBody(body[0], depth + 1);
  const inner = readProperty(body, "error");
  if ((typeof inner === "object" && inner !== null) || typeof inner === "string") {
    const found = readErrorBody(inner, depth + 1);
    // `{ error: "unauthorized", message: "…" }`: there the short word is the code.
    const message = textOf(readProperty(body, "message"));
    return typeof inner === "string" && message !== undefined ? { ...found, message, code: inner } : found;
  }
  const code = readProperty(body, "code");
  return {
    message: textOf(readProperty(body, "message")) ?? textOf(readProperty(body, "detail")),
    code: textOf(code),
    type: textOf(readProperty(body, "type")),
    status: isErrorStatus(code) ? code : undefined,
  };
}

function readText(text: string): ErrorBody {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed) && trimmed.length <= LONGEST_PARSED) {
    try {
      return readErrorBody(JSON.parse(trimmed), 1);
    } catch {
      // Then it is text.
    }
  }
  return { ...NOTHING, message: trimmed === "" ? undefined : trimmed };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isErrorStatus(code: unknown): code is number {
  return typeof code === "number" && code >= 400 && code < 600;
}
