import type { Action, ActionOptions } from "../profile/backend.js";
import type { OracleParameters, OracleProcedure } from "./statements.js";

/** A procedure and what it is given. */
export interface ProcedureCall {
  readonly procedure: OracleProcedure;
  readonly parameters: OracleParameters<OracleProcedure>;
}

/** What the actions are called by `DBMS_CLOUD_AI.GENERATE`. */
const GENERATED = {
  chat: "chat",
  generate: "chat",
  showSql: "showsql",
  runSql: "runsql",
  explainSql: "explainsql",
  narrate: "narrate",
  showPrompt: "showprompt",
} as const satisfies Partial<Record<Action, string>>;

/** The call that does an action. */
export function actionCall(action: Action, prompt: string, options: ActionOptions): ProcedureCall {
  if (action === "summarize") return summarize(prompt, options);
  if (action === "translate") return translate(prompt, options);
  const { params } = options;
  return { procedure: "GENERATE", parameters: { prompt, action: GENERATED[action], params } };
}

function summarize(content: string, { instructions, location, params = {} }: ActionOptions): ProcedureCall {
  // It is not one of the parameters of the model, but how the database reads the location.
  const { credential_name, ...parameters } = params as { credential_name?: string };
  const what = location === undefined ? { content } : { location_uri: location };
  const more = Object.keys(parameters).length > 0 ? { parameters } : {};
  return { procedure: "SUMMARIZE", parameters: { ...what, credential_name, prompt: instructions, ...more } as object };
}

function translate(text: string, { from, to }: ActionOptions): ProcedureCall {
  return { procedure: "TRANSLATE", parameters: { text, source_language: from, target_language: to } as object };
}
