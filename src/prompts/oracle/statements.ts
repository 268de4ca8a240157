/** The calls of `DBMS_CLOUD_AI` and the queries of its views, as the database documents them. */
import { checkFields } from "../../config/check-fields.js";
import { oneOf } from "../../config/one-of.js";
import { show } from "../../config/show.js";
import type { Binds, OracleDriver } from "./driver.js";

/** What a parameter takes. Of `"json"`, objects and arrays are sent as JSON, and all else as it is written. */
type Kind = "text" | "json" | "flag" | "number";

interface Procedure {
  /** What it returns: a large text, an id, or nothing. */
  readonly returns: "clob" | "text" | undefined;
  /** In the order in which they are written. */
  readonly parameters: Readonly<Record<string, Kind>>;
  /** Whether it works with the AI profile of this connection where none is named. */
  readonly hasDefaultProfile?: true;
}

const PROCEDURES = {
  GENERATE: {
    returns: "clob",
    parameters: { prompt: "text", action: "text", profile_name: "text", params: "json" },
    hasDefaultProfile: true,
  },
  SUMMARIZE: {
    returns: "clob",
    parameters: {
      content: "text",
      location_uri: "text",
      credential_name: "text",
      prompt: "text",
      parameters: "json",
      profile_name: "text",
    },
    hasDefaultProfile: true,
  },
  TRANSLATE: {
    returns: "clob",
    parameters: { profile_name: "text", text: "text", source_language: "text", target_language: "text" },
    hasDefaultProfile: true,
  },
  FEEDBACK: {
    returns: undefined,
    parameters: {
      profile_name: "text",
      operation: "text",
      feedback_type: "text",
      sql_text: "text",
      sql_id: "text",
      response: "text",
      feedback_content: "text",
    },
    hasDefaultProfile: true,
  },
  GENERATE_SYNTHETIC_DATA: {
    returns: undefined,
    parameters: {
      profile_name: "text",
      object_name: "text",
      object_list: "json",
      owner_name: "text",
      params: "json",
      record_count: "number",
      user_prompt: "text",
    },
    hasDefaultProfile: true,
  },
  CREATE_PROFILE: {
    returns: undefined,
    parameters: { profile_name: "text", attributes: "json", description: "text" },
  },
  DROP_PROFILE: { returns: undefined, parameters: { profile_name: "text", force: "flag" } },
  SET_ATTRIBUTE: {
    returns: undefined,
    parameters: { profile_name: "text", attribute_name: "text", attribute_value: "json" },
  },
  SET_ATTRIBUTES: { returns: undefined, parameters: { profile_name: "text", attributes: "json" } },
  CREATE_CONVERSATION: { returns: "text", parameters: { attributes: "json" } },
  UPDATE_CONVERSATION: { returns: undefined, parameters: { conversation_id: "text", attributes: "json" } },
  DROP_CONVERSATION: { returns: undefined, parameters: { conversation_id: "text", force: "flag" } },
  CREATE_VECTOR_INDEX: {
    returns: undefined,
    parameters: { index_name: "text", attributes: "json", description: "text", wait_for_completion: "flag" },
  },
  UPDATE_VECTOR_INDEX: {
    returns: undefined,
    parameters: { index_name: "text", attribute_name: "text", attribute_value: "json", attributes: "json" },
  },
  ENABLE_VECTOR_INDEX: { returns: undefined, parameters: { index_name: "text" } },
  DISABLE_VECTOR_INDEX: { returns: undefined, parameters: { index_name: "text" } },
  DROP_VECTOR_INDEX: { returns: undefined, parameters: { index_name: "text", include_data: "flag", force: "flag" } },
} as const satisfies Readonly<Record<string, Procedure>>;

/** A procedure or function of `DBMS_CLOUD_AI`. */
export type OracleProcedure = keyof typeof PROCEDURES;

interface Values {
  readonly text: string;
  readonly json: string | number | boolean | object;
  readonly flag: boolean;
  readonly number: number;
}

/** Parameters of a procedure by the names that the database has for them; those left out are not sent. */
export type OracleParameters<P extends OracleProcedure> = {
  readonly [K in keyof (typeof PROCEDURES)[P]["parameters"]]?:
    | ((typeof PROCEDURES)[P]["parameters"][K] extends infer V extends Kind ? Values[V] : never)
    | undefined;
};

/** A statement with what it binds. */
export interface Statement {
  readonly sql: string;
  readonly binds: Binds;
}

/**
 * The block that calls a procedure; what it returns is bound as `ret`.
 *
 * @param profileName - the AI profile where the procedure needs one and none is given
 * @throws {TypeError} for a procedure or parameter that there is not, or a value that cannot be sent
 */
export function procedureCall(
  driver: OracleDriver,
  procedure: OracleProcedure,
  given: object,
  profileName: string,
): Statement {
  const name = oneOf("procedure", procedure, Object.keys(PROCEDURES) as OracleProcedure[], "call DBMS_CLOUD_AI");
  const { returns, parameters, hasDefaultProfile }: Procedure = PROCEDURES[name];
  checkFields(name, given, Object.keys(parameters));
  const values: Record<string, unknown> = hasDefaultProfile ? { profile_name: profileName, ...given } : { ...given };
  if (hasDefaultProfile) values["profile_name"] ??= profileName;
  const binds: Record<string, Binds[string]> = {};
  const ret = returnBind(driver, returns);
  if (ret) binds["ret"] = ret;
  const written: string[] = [];
  for (const [parameter, kind] of Object.entries(parameters)) {
    const value = values[parameter];
    if (value === undefined || value === null) continue;
    written.push(`${parameter} => :${parameter}`);
    binds[parameter] = bindable(`${name}.${parameter}`, value, kind);
  }
  return { sql: `BEGIN ${ret ? ":ret := " : ""}DBMS_CLOUD_AI.${name}(${written.join(", ")}); END;`, binds };
}

/** The views that are read. */
export const QUERIES = {
  profiles:
    "SELECT profile_name, description FROM USER_CLOUD_AI_PROFILES WHERE REGEXP_LIKE(profile_name, :profile_name_pattern, 'i')",
  attributes:
    "SELECT attribute_name, attribute_value FROM USER_CLOUD_AI_PROFILE_ATTRIBUTES WHERE profile_name = :profile_name",
  conversations:
    "SELECT conversation_id, conversation_title, description, retention_days FROM USER_CLOUD_AI_CONVERSATIONS",
} as const;

/** A large text has to be bound as one: a text that is returned has at most 200 bytes by default, and 32,767 at all. */
function returnBind(driver: OracleDriver, returns: Procedure["returns"]): Binds[string] | undefined {
  if (returns === undefined) return undefined;
  const dir = driver.BIND_OUT;
  return returns === "clob" ? { dir, type: driver.CLOB } : { dir, type: driver.STRING, maxSize: 4000 };
}

const TYPES: Readonly<Record<Exclude<Kind, "json">, string>> = { text: "string", flag: "boolean", number: "number" };

function bindable(name: string, value: unknown, kind: Kind): string | number | boolean {
  if (kind === "json") {
    if (typeof value !== "object") return String(value as string | number | boolean);
    // Attributes that are null mean those of the server.
    return JSON.stringify(value, (_key, part: unknown) => (part === null ? undefined : part));
  }
  if (typeof value === TYPES[kind]) return value as string | number | boolean;
  throw new TypeError(`Cannot set '${name}' as it must be a ${TYPES[kind]}: current value is ${show(value)}`);
}
