/** POST /v1/chat/completions. */
import type { Answer, Dialect, JsonObject, Question } from "./dialect.js";
import { openaiRefusal } from "./openai-refusal.js";
import { isObject, joinContents, readMaxTokens, readMessages, readModel, readSchema } from "./read-body.js";
import { countTokens } from "./simulated-text.js";

/** Chat completions of OpenAI. */
export const chat: Dialect = {
  endpoint: "chat",
  vendor: "openai",

  read(body: JsonObject): Question {
    const model = readModel(body);
    const messages = readMessages(body["messages"], "messages");
    const text = joinContents(messages);
    return {
      model,
      messages,
      text,
      inputTokens: countTokens(text),
      inputs: [],
      maxTokens: readMaxTokens(body, ["max_completion_tokens", "max_tokens"]),
      schema: readSchema(body["response_format"]),
      isStream: body["stream"] === true,
      body,
    };
  },

  /** Put together by hand: chat is what is asked for most, and this is the costliest part of an answer. */
  whole({ model }: Question, answer: Answer): string {
    const { id, created, text } = answer;
    return (
      `{"id":"chatcmpl-simulated-${id}","object":"chat.completion","created":${created},"model":${JSON.stringify(model)},` +
      `"system_fingerprint":"simulated","choices":[{"index":0,"message":{"role":"assistant","content":` +
      `${JSON.stringify(text)},"refusal":null},"logprobs":null,"finish_reason":"${finishReason(answer)}"}],` +
      `"usage":${JSON.stringify(usage(answer))}}`
    );
  },

  stream: {
    open: (question, answer) => chunk(question, answer, { role: "assistant", content: "", refusal: null }),
    piece: (question, answer, content) => chunk(question, answer, { content }),
    close(question, answer) {
      const last = chunk(question, answer, {}, finishReason(answer));
      if (!hasUsage(question)) return `${last}data: [DONE]\n\n`;
      const counted = { ...head(question, answer, "chat.completion.chunk"), choices: [], usage: usage(answer) };
      return `${last}data: ${JSON.stringify(counted)}\n\ndata: [DONE]\n\n`;
    },
  },

  refusal: openaiRefusal,
};

function chunk(question: Question, answer: Answer, delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  const body = {
    ...head(question, answer, "chat.completion.chunk"),
    choices,
    ...(hasUsage(question) && { usage: null }),
  };
  return `data: ${JSON.stringify(body)}\n\n`;
}

function head({ model }: Question, { id, created }: Answer, object: string): object {
  return { id: `chatcmpl-simulated-${id}`, object, created, model, system_fingerprint: "simulated" };
}

function hasUsage({ body }: Question): boolean {
  const options = body["stream_options"];
  return isObject(options) && options["include_usage"] === true;
}

function finishReason({ isCut }: Answer): string {
  return isCut ? "length" : "stop";
}

function usage({ inputTokens, outputTokens }: Answer): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}
