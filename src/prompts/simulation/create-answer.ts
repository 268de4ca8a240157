import { show } from "../../config/show.js";
import type { Answer, Dialect, Question } from "./dialect.js";
import type { Settings } from "./simulation-options.js";
import { simulatedJson } from "./simulated-json.js";
import { simulatedSql } from "./simulated-sql.js";
import { countTokens, simulatedText } from "./simulated-text.js";

/** What is known of a request beside its question. */
interface Asked {
  readonly hash: number;
  readonly number: number;
}

/**
 * The whole answer to a question, cut where its `max_tokens` end.
 * @throws what the function `answer` of the options throws
 */
export function createAnswer(settings: Settings, dialect: Dialect, question: Question, asked: Asked): Answer {
  const text = dialect.endpoint === "embeddings" ? "" : textFor(settings, dialect, question, asked);
  const most = 4 * (question.maxTokens ?? Number.POSITIVE_INFINITY);
  const isCut = text.length > most;
  const shown = isCut ? text.slice(0, most) : text;
  return {
    id: String(asked.number),
    created: Math.floor(Date.now() / 1000),
    text: shown,
    isCut,
    inputTokens: question.inputTokens,
    outputTokens: countTokens(shown),
  };
}

function textFor(
  { answer, outputTokens }: Settings,
  { endpoint }: Dialect,
  question: Question,
  { hash }: Asked,
): string {
  const { model, messages, body } = question;
  const prompt = messages.findLast(({ role }) => role === "user")?.content ?? "";
  if (!answer) {
    const sql = simulatedSql(question);
    const text = sql ?? simulatedText(prompt, hash, outputTokens);
    return question.schema ? simulatedJson(question.schema, text, hash) : text;
  }
  const text: unknown = answer({ endpoint, model, messages, prompt, body });
  if (typeof text === "string") return text;
  throw new TypeError(`it must return a string: current value is ${show(text)}`);
}
