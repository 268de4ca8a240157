/** POST /v1/responses. */
import type { PromptMessage } from "../provider.js";
import type { Answer, Dialect, JsonObject, Question } from "./dialect.js";
import { openaiRefusal } from "./openai-refusal.js";
import { missingParameter } from "./problem.js";
import { isObject, joinContents, readMaxTokens, readMessages, readModel, readSchema, readText } from "./read-body.js";
import { serverSentEvent } from "./server-sent-event.js";
import { countTokens } from "./simulated-text.js";

/** Events before the first piece of text. */
const OPENING = 4;

/** OpenAI's responses. */
export const responses: Dialect = {
  endpoint: "responses",
  vendor: "openai",

  read(body: JsonObject): Question {
    const model = readModel(body);
    const messages = readConversation(body);
    const text = joinContents(messages);
    return {
      model,
      messages,
      text,
      inputTokens: countTokens(text),
      inputs: [],
      maxTokens: readMaxTokens(body, ["max_output_tokens"]),
      schema: readSchema(isObject(body["text"]) ? body["text"]["format"] : undefined),
      isStream: body["stream"] === true,
      body,
    };
  },

  whole: (question, answer) => JSON.stringify(toResponse(question, answer)),

  stream: {
    open(question, answer) {
      const response = { ...toResponse(question, answer), status: "in_progress", output: [], usage: null };
      const item = { ...toItem(answer), status: "in_progress", content: [] };
      const events = [
        { type: "response.created", response },
        { type: "response.in_progress", response },
        { type: "response.output_item.added", output_index: 0, item },
        { type: "response.content_part.added", ...placeOf(answer), part: { ...toPart(answer), text: "" } },
      ];
      return events.map((event, index) => serverSentEvent({ ...event, sequence_number: index })).join("");
    },

    piece: (_question, answer, delta, index) =>
      serverSentEvent({
        type: "response.output_text.delta",
        ...placeOf(answer),
        delta,
        logprobs: [],
        sequence_number: OPENING + index,
      }),

    close(question, answer, pieces) {
      const events = [
        { type: "response.output_text.done", ...placeOf(answer), text: answer.text, logprobs: [] },
        { type: "response.content_part.done", ...placeOf(answer), part: toPart(answer) },
        { type: "response.output_item.done", output_index: 0, item: toItem(answer) },
        { type: answer.isCut ? "response.incomplete" : "response.completed", response: toResponse(question, answer) },
      ];
      return events
        .map((event, index) => serverSentEvent({ ...event, sequence_number: OPENING + pieces + index }))
        .join("");
    },
  },

  refusal: openaiRefusal,
};

/** The input is a text or a list of items, of which those that are no messages say nothing here. */
function readConversation({ input, instructions }: JsonObject): PromptMessage[] {
  if (input === undefined) throw missingParameter("input");
  const first: PromptMessage[] = typeof instructions === "string" ? [{ role: "system", content: instructions }] : [];
  if (typeof input === "string") return [...first, { role: "user", content: input }];
  const items = Array.isArray(input) && input.length > 0 ? input.filter(isMessage) : input;
  // What a tool has said is read, as if the user had.
  const outputs = Array.isArray(input) ? input.filter((item: unknown) => isObject(item) && "output" in item) : [];
  const others = outputs.map((item: JsonObject) => ({ role: "user" as const, content: readText(item["output"]) }));
  if (Array.isArray(items) && items.length === 0 && others.length > 0) return [...first, ...others];
  return [...first, ...readMessages(items, "input"), ...others];
}

function isMessage(item: unknown): boolean {
  return !isObject(item) || item["type"] === undefined || item["type"] === "message";
}

function toResponse({ model, body }: Question, answer: Answer): object {
  const { id, created, isCut, inputTokens, outputTokens } = answer;
  return {
    id: `resp_simulated_${id}`,
    object: "response",
    created_at: created,
    status: isCut ? "incomplete" : "completed",
    error: null,
    incomplete_details: isCut ? { reason: "max_output_tokens" } : null,
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    model,
    output: [toItem(answer)],
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    temperature: body["temperature"] ?? 1,
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    metadata: { simulated: "true" },
    usage: {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: inputTokens + outputTokens,
    },
  };
}

function toItem(answer: Answer): object {
  return {
    id: itemId(answer),
    type: "message",
    status: answer.isCut ? "incomplete" : "completed",
    role: "assistant",
    content: [toPart(answer)],
  };
}

function toPart({ text }: Answer): object {
  return { type: "output_text", text, annotations: [] };
}

function placeOf(answer: Answer): object {
  return { item_id: itemId(answer), output_index: 0, content_index: 0 };
}

function itemId({ id }: Answer): string {
  return `msg_simulated_${id}`;
}
