import { checkFields } from "../../config/check-fields.js";
import { oneOf } from "../../config/one-of.js";
import type { OracleParameters } from "./statements.js";

/** What is said of SQL that was generated: which, and whether it was good. */
export interface FeedbackOptions {
  /** Whether the SQL was good; `"delete"` takes back what was said. */
  readonly type: "positive" | "negative" | "delete";
  /** The prompt that the SQL was generated for; or `sqlId` instead. */
  readonly prompt?: string | undefined;
  /** What was asked for with that prompt. @default "showSql" */
  readonly action?: "runSql" | "showSql" | "explainSql" | undefined;
  /** The `sql_id` of the `select ai` statement, as the database has it. */
  readonly sqlId?: string | undefined;
  /** The SQL that would have been right; needed for `"negative"` with a prompt. */
  readonly response?: string | undefined;
  /** What is to be said of it in words. */
  readonly content?: string | undefined;
}

const FIELDS: Readonly<Record<keyof FeedbackOptions, true>> = {
  type: true,
  prompt: true,
  action: true,
  sqlId: true,
  response: true,
  content: true,
};

/** @throws {TypeError} when it is not said which SQL is meant, or what would have been right */
export function feedbackParameters(options: FeedbackOptions): OracleParameters<"FEEDBACK"> {
  checkFields("feedback", options, Object.keys(FIELDS));
  const { prompt, sqlId, response, content } = options;
  const type = oneOf("feedback.type", options.type, ["positive", "negative", "delete"]);
  const action = oneOf("feedback.action", options.action ?? "showSql", ["runSql", "showSql", "explainSql"]);
  if ((prompt === undefined) === (sqlId === undefined)) {
    throw new TypeError("Cannot give feedback as exactly one of 'prompt' and 'sqlId' is needed");
  }
  if (type === "negative" && prompt !== undefined && response === undefined) {
    throw new TypeError("Cannot give negative feedback for a prompt as 'response' is needed: the SQL that is right");
  }
  const subject =
    prompt === undefined ? { sql_id: sqlId } : { sql_text: `select ai ${action.toLowerCase()} ${prompt}` };
  if (type === "delete") return { operation: "delete", ...subject };
  return { operation: "add", feedback_type: type, ...subject, response, feedback_content: content };
}
