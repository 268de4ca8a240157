import type { JsonObject, StreamAssembly } from "./format.js";
import { objectIn, objectsIn } from "./json.js";

interface ToolCall {
  id: unknown;
  type: unknown;
  readonly function: { name: string; arguments: string };
}

interface Choice {
  role: unknown;
  content: string | null;
  refusal: string | null;
  finishReason: unknown;
  readonly toolCalls: Map<number, ToolCall>;
}

/** Puts `chat.completion.chunk`s together to a `chat.completion`. */
export class ChatAssembly implements StreamAssembly {
  #head: JsonObject = {};
  #usage: unknown;
  readonly #choices = new Map<number, Choice>();

  take(event: JsonObject): string {
    // Gateways may send an event without these first.
    if (this.#head.id === undefined || this.#head.id === "") {
      const { id, created, model, system_fingerprint } = event;
      this.#head = { id, created, model, ...(system_fingerprint !== undefined && { system_fingerprint }) };
    }
    if (objectIn(event.usage)) this.#usage = event.usage;
    let text = "";
    for (const part of objectsIn(event.choices)) {
      const index = numberIn(part.index);
      const piece = this.#add(index, part);
      if (index === 0) text += piece;
    }
    return text;
  }

  body(): JsonObject {
    const choices = [...this.#choices].sort(([a], [b]) => a - b);
    return {
      ...this.#head,
      object: "chat.completion",
      choices: choices.map(([index, choice]) => ({
        index,
        message: {
          role: choice.role ?? "assistant",
          content: choice.content,
          refusal: choice.refusal,
          ...(choice.toolCalls.size > 0 && { tool_calls: [...choice.toolCalls.values()] }),
        },
        logprobs: null,
        finish_reason: choice.finishReason ?? null,
      })),
      ...(this.#usage !== undefined && { usage: this.#usage }),
    };
  }

  /** Its end is marked by `[DONE]`. */
  isWhole(): boolean {
    return false;
  }

  /** Some servers leave the mark out: then the reason that each text ends for is enough. */
  mayEnd(): boolean {
    const choices = [...this.#choices.values()];
    return choices.length > 0 && choices.every((choice) => typeof choice.finishReason === "string");
  }

  #add(index: number, part: JsonObject): string {
    let choice = this.#choices.get(index);
    if (!choice) {
      choice = { role: undefined, content: null, refusal: null, finishReason: undefined, toolCalls: new Map() };
      this.#choices.set(index, choice);
    }
    choice.finishReason = part.finish_reason ?? choice.finishReason;
    const delta = objectIn(part.delta);
    if (!delta) return "";
    choice.role ??= delta.role;
    if (typeof delta.refusal === "string") choice.refusal = (choice.refusal ?? "") + delta.refusal;
    for (const call of objectsIn(delta.tool_calls)) addCall(choice.toolCalls, call);
    if (typeof delta.content !== "string") return "";
    choice.content = (choice.content ?? "") + delta.content;
    return delta.content;
  }
}

function addCall(calls: Map<number, ToolCall>, part: JsonObject): void {
  const index = numberIn(part.index);
  let call = calls.get(index);
  if (!call) {
    call = { id: part.id, type: part.type ?? "function", function: { name: "", arguments: "" } };
    calls.set(index, call);
  }
  const named = objectIn(part.function);
  if (typeof named?.name === "string") call.function.name += named.name;
  if (typeof named?.arguments === "string") call.function.arguments += named.arguments;
}

function numberIn(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
