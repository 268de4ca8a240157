import type { JsonObject, StreamAssembly } from "./format.js";
import { objectIn, tellsError } from "./json.js";
import { addSize } from "./read-reply.js";
import { SseParser } from "./sse-parser.js";
import type { HttpReply } from "./transport.js";
import { UnreadableError } from "./unreadable-error.js";

/**
 * Reads a stream to its end.
 *
 * @param onText - told each piece of the text
 * @returns the body of a whole response
 * @throws {UnreadableError} when it ends before its end, is no JSON, or tells of an error (its `event`)
 */
export async function readStream(
  reply: HttpReply,
  assembly: StreamAssembly,
  onText: (piece: string) => void,
): Promise<JsonObject> {
  let isDone = false;
  let size = 0;
  const parser = new SseParser(({ event, data }) => {
    if (isDone) return;
    if (data.trim() === "[DONE]") {
      isDone = true;
      return;
    }
    const parsed = parse(data);
    // A named `event: error`, `{ type: "error" }`, or `{ error }` in place of a piece.
    if (event === "error" || parsed.type === "error" || tellsError(parsed)) {
      throw new UnreadableError("the server reports an error within the stream", false, { event: parsed });
    }
    const piece = assembly.take(parsed);
    if (piece !== "") onText(piece);
    isDone = assembly.isWhole();
  });
  await reply.read((chunk) => {
    size = addSize(size, chunk);
    parser.push(chunk);
    return isDone;
  });
  if (!isDone) endTorn(parser);
  if (!isDone && !assembly.mayEnd()) throw new UnreadableError("the stream ended before its end", true);
  return assembly.body();
}

/** What stands at the end without a line end may be half of an event. */
function endTorn(parser: SseParser): void {
  try {
    parser.end();
  } catch (error) {
    if (!(error instanceof UnreadableError) || error.event !== undefined) throw error;
    throw new UnreadableError("the stream ended in the middle of an event", true, { cause: error });
  }
}

function parse(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw new UnreadableError("an event of the stream is no JSON", false, { cause: error });
  }
  const event = objectIn(value);
  if (!event) throw new UnreadableError("an event of the stream is no object");
  return event;
}
