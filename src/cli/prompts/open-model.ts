/** Who is asked by `manyhands prompts`: a model behind a server, or one that is simulated. */
import { readFileSync } from "node:fs";
import { oneOf } from "../../config/one-of.js";
import { show } from "../../config/show.js";
import { anthropic, type HttpAccountOptions, openai, type Provider, serveModel } from "../../prompts/index.js";
import type { OptionValues } from "../command.js";
import { readFlag, readText } from "../read-value.js";
import { UsageError } from "../usage-error.js";
import { modelOfInput } from "./model-of-input.js";

const PROVIDERS = ["openai", "anthropic"] as const;
const ENDPOINTS = ["chat", "responses", "embeddings"] as const;

/** What was typed about who is asked. */
export interface ModelSettings {
  readonly model: string;
  readonly isSimulated: boolean;
  readonly providerName: (typeof PROVIDERS)[number];
  readonly baseURL: string | undefined;
  readonly apiKey: string | undefined;
  readonly endpoint: (typeof ENDPOINTS)[number] | undefined;
  readonly accounts: readonly HttpAccountOptions[] | undefined;
}

/** A provider, and what has to be closed after it. */
export interface OpenModel extends AsyncDisposable {
  readonly provider: Provider;
}

/**
 * @param input - as typed; its first line may name the model
 * @throws {UsageError | TypeError} for what is missing, or does not go together
 */
export async function readModel(values: OptionValues, input: string): Promise<ModelSettings> {
  const isSimulated = readFlag(values, "simulate");
  const named = readText(values, "model") ?? (await modelOfInput(input));
  const model = named ?? (isSimulated ? "simulated" : undefined);
  if (model === undefined) throw new UsageError("Cannot ask as no model was given: add --model NAME, or --simulate");
  for (const name of ["base-url", "api-key-env", "accounts"]) {
    if (!isSimulated || readText(values, name) === undefined) continue;
    throw new UsageError(`Cannot set '--${name}' as '--simulate' is set too: choose one`);
  }
  if (readText(values, "accounts") !== undefined && readText(values, "api-key-env") !== undefined) {
    throw new UsageError("Cannot set '--api-key-env' as '--accounts' is set too: choose one");
  }
  const providerName = oneOf("--provider", readText(values, "provider") ?? "openai", PROVIDERS);
  const endpoint = readText(values, "endpoint");
  if (endpoint !== undefined && providerName === "anthropic") {
    throw new UsageError("Cannot set '--endpoint' as Anthropic has one only: leave it out");
  }
  const variable = readText(values, "api-key-env");
  const path = readText(values, "accounts");
  return {
    model,
    isSimulated,
    providerName,
    baseURL: readText(values, "base-url"),
    apiKey: variable === undefined ? undefined : keyFrom(variable, "--api-key-env"),
    endpoint: endpoint === undefined ? undefined : oneOf("--endpoint", endpoint, ENDPOINTS),
    accounts: path === undefined ? undefined : readAccounts(path),
  };
}

/** Connects to nothing yet, but for a simulated model, which it starts. */
export async function openModel(
  { model, isSimulated, providerName, baseURL, apiKey, endpoint, accounts }: ModelSettings,
  { rpm, tpm }: { readonly rpm?: number | undefined; readonly tpm?: number | undefined },
): Promise<OpenModel> {
  const server = isSimulated ? await serveModel({ ...(rpm && { rpm }), ...(tpm && { tpm }) }) : undefined;
  const options = {
    model,
    ...(baseURL !== undefined && { baseURL }),
    ...(apiKey !== undefined && { apiKey }),
    ...(accounts && { accounts }),
    ...(server && { baseURL: server.url, apiKey: "simulated" }),
  };
  try {
    return {
      provider:
        providerName === "anthropic" ? anthropic(options) : openai({ ...options, ...(endpoint && { endpoint }) }),
      [Symbol.asyncDispose]: async () => server?.close(),
    };
  } catch (error) {
    await server?.close();
    throw error;
  }
}

function keyFrom(variable: string, option: string): string {
  const key = process.env[variable];
  if (key !== undefined && key.trim() !== "") return key.trim();
  throw new UsageError(`Cannot set '${option}' as the environment variable ${show(variable)} is not set`);
}

/** Reads the file of accounts. What it holds is not shown: there may be keys in it. */
function readAccounts(path: string): HttpAccountOptions[] {
  let accounts: unknown;
  try {
    accounts = JSON.parse(readFileSync(path, "utf8")) as unknown;
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it is no JSON" : (error as Error).message;
    throw new UsageError(`Cannot set '--accounts' as ${path} cannot be read: ${reason}`);
  }
  if (!Array.isArray(accounts) || accounts.length === 0) {
    throw new UsageError(`Cannot set '--accounts' as ${path} must hold a list: [{"apiKeyEnv":"KEY_1"}, …]`);
  }
  return accounts.map((account: unknown, index) => {
    // The provider says what is wrong with the rest.
    if (typeof account !== "object" || account === null) return account as HttpAccountOptions;
    const { apiKeyEnv, ...rest } = account as HttpAccountOptions & { readonly apiKeyEnv?: unknown };
    if (apiKeyEnv === undefined) return rest;
    if (typeof apiKeyEnv !== "string") {
      throw new UsageError(
        `Cannot set 'accounts[${index}].apiKeyEnv' as it must be the name of an environment variable`,
      );
    }
    return { ...rest, apiKey: keyFrom(apiKeyEnv, `accounts[${index}].apiKeyEnv`) };
  });
}
