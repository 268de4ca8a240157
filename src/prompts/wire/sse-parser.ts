/** One event of a stream. */
export interface ServerSentEvent {
  /** Its kind, where it is named. */
  readonly event: string | undefined;
  readonly data: string;
}

/**
 * Parses a stream of server-sent events (WHATWG HTML, section 9.2.6), whose bytes may come in any pieces.
 *
 * One thing differs from the standard: an event that the stream ends in is told all the same by `end`, as servers forget the
 * empty line after the last one.
 */
export class SseParser {
  /** It drops a byte order mark, and keeps half of a character for the next piece. */
  readonly #decoder = new TextDecoder();
  readonly #onEvent: (event: ServerSentEvent) => void;
  #line = "";
  /** A line feed that comes next belongs to the carriage return before it. */
  #hasReturn = false;
  #event: string | undefined;
  #data: string | undefined;

  constructor(onEvent: (event: ServerSentEvent) => void) {
    this.#onEvent = onEvent;
  }

  push(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  end(): void {
    this.#take(this.#decoder.decode());
    if (this.#line !== "") this.#endLine("");
    this.#dispatch();
  }

  #take(text: string): void {
    let start = this.#hasReturn && text.startsWith("\n") ? 1 : 0;
    if (text !== "") this.#hasReturn = false;
    for (const { index } of text.matchAll(/\r\n|\n|\r/g)) {
      if (index < start) continue;
      this.#endLine(text.slice(start, index));
      const isReturn = text[index] === "\r";
      start = index + (isReturn && text[index + 1] === "\n" ? 2 : 1);
      this.#hasReturn = isReturn && start === text.length && text.at(-1) === "\r";
    }
    this.#line += text.slice(start);
  }

  #endLine(rest: string): void {
    const line = this.#line + rest;
    this.#line = "";
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    else if (field === "event") this.#event = value === "" ? undefined : value;
  }

  #dispatch(): void {
    const event = this.#event;
    const data = this.#data;
    this.#event = undefined;
    this.#data = undefined;
    if (data !== undefined) this.#onEvent({ event, data });
  }
}
