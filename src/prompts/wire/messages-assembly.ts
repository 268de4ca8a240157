import type { JsonObject, StreamAssembly } from "./format.js";
import { objectIn } from "./json.js";

/** Puts the events of a stream of messages together to a message. */
export class MessagesAssembly implements StreamAssembly {
  #message: JsonObject = {};
  readonly #blocks: Record<string, unknown>[] = [];
  /** The input of a tool comes as pieces of JSON, by the number of its block. */
  readonly #inputs = new Map<Record<string, unknown>, string>();
  #isWhole = false;

  take(event: JsonObject): string {
    switch (event.type) {
      case "message_start":
        this.#message = objectIn(event.message) ?? {};
        return "";
      case "content_block_start":
        return this.#begin(event);
      case "content_block_delta":
        return this.#add(event);
      case "message_delta":
        this.#message = {
          ...this.#message,
          ...objectIn(event.delta),
          // Only what has changed is said again.
          usage: { ...objectIn(this.#message.usage), ...objectIn(event.usage) },
        };
        return "";
      case "message_stop":
        this.#isWhole = true;
        return "";
      default:
        return "";
    }
  }

  body(): JsonObject {
    for (const [block, json] of this.#inputs) block.input = parsed(json);
    return { ...this.#message, content: this.#blocks.filter((block) => block !== undefined) };
  }

  isWhole(): boolean {
    return this.#isWhole;
  }

  mayEnd(): boolean {
    return false;
  }

  #begin(event: JsonObject): string {
    const block = { ...objectIn(event.content_block) };
    this.#blocks[placeOf(event)] = block;
    return typeof block.text === "string" ? block.text : "";
  }

  #add(event: JsonObject): string {
    const block = this.#blocks[placeOf(event)];
    const delta = objectIn(event.delta);
    if (!block || !delta) return "";
    switch (delta.type) {
      case "text_delta":
        return append(block, "text", delta.text);
      case "thinking_delta":
        append(block, "thinking", delta.thinking);
        return "";
      case "signature_delta":
        append(block, "signature", delta.signature);
        return "";
      case "input_json_delta":
        this.#inputs.set(block, (this.#inputs.get(block) ?? "") + textOf(delta.partial_json));
        return "";
      case "citations_delta":
        block.citations = [...(Array.isArray(block.citations) ? (block.citations as unknown[]) : []), delta.citation];
        return "";
      default:
        return "";
    }
  }
}

function append(block: Record<string, unknown>, field: string, piece: unknown): string {
  const text = textOf(piece);
  block[field] = textOf(block[field]) + text;
  return text;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Blocks have numbers from 0 on; one that is out of all bounds would make a list as long. */
function placeOf(event: JsonObject): number {
  const { index } = event;
  return typeof index === "number" && Number.isInteger(index) && index >= 0 && index < 10_000 ? index : 0;
}

function parsed(json: string): unknown {
  if (json === "") return {};
  try {
    return JSON.parse(json);
  } catch {
    // A text that ends for its length ends in the middle.
    return json;
  }
}
