import type { JsonObject } from "./dialect.js";

/** An event of a stream, with the name that the data says its type is. */
export function serverSentEvent(data: JsonObject & { readonly type: string }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
