import { type Database, openai, oracle, Profile, serveModel } from "manyhands/prompts";
import { simulatedSql, TABLES } from "./questions.js";

const LATENCY = [20, 120] as const;

/** A profile, and what must be closed with it. */
export interface OpenProfile extends AsyncDisposable {
  readonly profile: Profile;
}

/** A database of which only the tables are known: enough for a model to write SQL, and nothing can be run. */
const tablesOnly: Database = {
  dialect: "PostgreSQL",
  describe: async () => TABLES,
  query: async () => {
    throw new Error("Cannot run a query as there is no database behind these tables");
  },
  close: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

/**
 * Opens what the recipes ask:
 * - with SELECT_AI_USER, SELECT_AI_PASSWORD and SELECT_AI_DB_CONNECT_STRING set, Oracle's Select AI
 * - with OPENAI_BASE_URL or OPENAI_API_KEY set, that model, which OPENAI_MODEL names
 * - else a simulated model, which needs no key
 */
export async function openProfile(): Promise<OpenProfile> {
  const { env } = process;
  if (env["SELECT_AI_USER"] && env["SELECT_AI_PASSWORD"] && env["SELECT_AI_DB_CONNECT_STRING"]) {
    return owning(new Profile({ provider: oracle() }));
  }
  if (env["OPENAI_BASE_URL"] || env["OPENAI_API_KEY"]) {
    const provider = openai({ model: env["OPENAI_MODEL"] ?? "gpt-4o-mini" });
    return owning(new Profile({ provider, database: tablesOnly }));
  }
  console.error("A SIMULATED model answers: set OPENAI_API_KEY or SELECT_AI_… for a real one");
  const server = await serveModel({ latency: LATENCY, answer: ({ prompt }) => simulatedSql(prompt) });
  const provider = openai({ baseURL: server.url, model: "simulated" });
  return owning(new Profile({ provider, database: tablesOnly }), server);
}

function owning(profile: Profile, server?: AsyncDisposable): OpenProfile {
  return {
    profile,
    async [Symbol.asyncDispose]() {
      await profile.stop();
      await server?.[Symbol.asyncDispose]();
    },
  };
}
