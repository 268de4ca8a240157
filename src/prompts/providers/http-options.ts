/** Options that all providers over HTTP have: their meaning, their defaults, and what is refused. */
import { validateHeaderName, validateHeaderValue } from "node:http";
import { checkFields } from "../../config/check-fields.js";
import { checkFunction } from "../../config/check-function.js";
import { show } from "../../config/show.js";
import type { Account, AccountRates } from "../provider.js";
import { FetchTransport, type FetchLike } from "../wire/fetch-transport.js";
import { NodeTransport } from "../wire/node-transport.js";
import type { Transport } from "../wire/transport.js";
import { checkAccounts } from "./check-accounts.js";
import { HttpAccount } from "./http-account.js";

/** One account, key or region of several. */
export interface HttpAccountOptions extends AccountRates {
  /** Shown in statistics. @default "account 1", "account 2", … */
  readonly name?: string | undefined;
  /** @default that of the provider */
  readonly apiKey?: string | undefined;
  /** @default that of the provider */
  readonly baseURL?: string | undefined;
  /** Beside those of the provider. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What all providers over HTTP can be told. */
export interface HttpOptions {
  /** The name of the model, as the server knows it. */
  readonly model: string;
  readonly apiKey?: string | undefined;
  readonly baseURL?: string | undefined;
  /** Sent with each request; they win over those of the library. @default {} */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Used in place of `node:http`, as for a proxy. */
  readonly fetch?: FetchLike | undefined;
  /** Several accounts, each with limits of its own. @default one, of the options above */
  readonly accounts?: readonly HttpAccountOptions[] | undefined;
}

/** How a provider differs from others. */
export interface HttpKind {
  /** The function that users call, for messages. */
  readonly name: string;
  readonly defaultURL: string;
  readonly keyVariable: string;
  readonly urlVariable: string;
  /** The headers that carry a key. */
  readonly keyHeaders: (apiKey: string) => Readonly<Record<string, string>>;
  /** Sent with each request. */
  readonly fixedHeaders: Readonly<Record<string, string>>;
  /** Headers that a key may be in, where it is no `apiKey`. */
  readonly keyNames: readonly string[];
  /** What base URLs end with; it is added where they do not. @default nothing */
  readonly version?: string;
  /** Hosts that take no requests without a key. */
  readonly isKeyNeeded: (base: URL) => boolean;
}

const OPTION_NAMES: readonly (keyof HttpOptions)[] = ["model", "apiKey", "baseURL", "headers", "fetch", "accounts"];
const ACCOUNT_NAMES: readonly (keyof HttpAccountOptions)[] = [
  "name",
  "apiKey",
  "baseURL",
  "headers",
  "rpm",
  "tpm",
  "concurrency",
];

/** What the options come to. */
export interface ResolvedHttp {
  readonly model: string;
  readonly accounts: readonly HttpAccount[];
  readonly transport: Transport;
}

/**
 * @param others - names of the options that only this provider has
 * @throws {TypeError | RangeError} naming the option, its value unless it is a secret, and what it must be
 */
export function resolveHttp(kind: HttpKind, options: HttpOptions, others: readonly string[] = []): ResolvedHttp {
  const { name } = kind;
  // A mere key is a likely mistake, and shown in no message.
  if (typeof options !== "object" || options === null)
    throw new TypeError(`Cannot set '${name}' as it must be an object`);
  checkFields(name, options, [...OPTION_NAMES, ...others]);
  const { model, fetch, accounts } = options;
  if (typeof model !== "string" || model.trim() === "") {
    throw new TypeError(
      `Cannot set '${name}.model' as it must be the name of a model: current value is ${show(model)}`,
    );
  }
  if (fetch !== undefined) checkFunction(`${name}.fetch`, fetch);
  const transport = fetch ? new FetchTransport(fetch) : new NodeTransport();
  if (accounts === undefined) {
    return { model, accounts: [makeAccount(kind, name, name, options)], transport };
  }
  if (!Array.isArray(accounts)) throw new TypeError(`Cannot set '${name}.accounts' as it must be a list`);
  const named = accounts.map((account: HttpAccountOptions, index) => withName(name, account, index));
  checkAccounts(`${name}.accounts`, named);
  const made = named.map((account, index) => accountOf(kind, options, account, `${name}.accounts[${index}]`));
  return { model, accounts: made, transport };
}

type NamedAccount = HttpAccountOptions & Account;

function withName(provider: string, account: HttpAccountOptions, index: number): NamedAccount {
  const path = `${provider}.accounts[${index}]`;
  // A mere key is a likely mistake, and shown in no message.
  if (typeof account !== "object" || account === null)
    throw new TypeError(`Cannot set '${path}' as it must be an object`);
  checkFields(path, account, ACCOUNT_NAMES);
  return { ...account, name: account.name ?? `account ${index + 1}` };
}

function accountOf(kind: HttpKind, options: HttpOptions, account: NamedAccount, path: string): HttpAccount {
  const merged = {
    apiKey: account.apiKey ?? options.apiKey,
    baseURL: account.baseURL ?? options.baseURL,
    headers: {
      ...readHeaders(`${kind.name}.headers`, options.headers),
      ...readHeaders(`${path}.headers`, account.headers),
    },
  };
  return makeAccount(kind, path, account.name, merged, account);
}

function makeAccount(
  kind: HttpKind,
  path: string,
  name: string,
  given: Pick<HttpAccountOptions, "apiKey" | "baseURL" | "headers">,
  limits: AccountRates = {},
): HttpAccount {
  const address = given.baseURL ?? fromEnvironment(kind.urlVariable) ?? kind.defaultURL;
  const base = readURL(`${path}.baseURL`, address, kind.version);
  const headers = readHeaders(`${path}.headers`, given.headers);
  const ownKeys = kind.keyNames.flatMap((header) => headers[header] ?? []);
  // A key in the headers is meant to be the only one.
  const apiKey = readKey(
    `${path}.apiKey`,
    given.apiKey ?? (ownKeys.length > 0 ? undefined : fromEnvironment(kind.keyVariable)),
  );
  if (apiKey === undefined && ownKeys.length === 0 && kind.isKeyNeeded(base)) {
    throw new TypeError(
      `Cannot set '${path}.apiKey' as ${base.host} takes no requests without one: set the environment variable ${kind.keyVariable}`,
    );
  }
  const sent = {
    "content-type": "application/json",
    "user-agent": "manyhands",
    ...kind.fixedHeaders,
    ...(apiKey !== undefined && kind.keyHeaders(apiKey)),
    ...headers,
  };
  const secrets = [apiKey, ...ownKeys, ...ownKeys.map((key) => key.replace(/^Bearer\s+/i, "")), base.password].filter(
    (secret): secret is string => secret !== undefined && secret !== "",
  );
  return new HttpAccount(name, { base, headers: sent, secrets }, limits);
}

/** An empty variable counts as none. */
function fromEnvironment(variable: string): string | undefined {
  return process.env[variable]?.trim() || undefined;
}

function readURL(path: string, text: string, version = ""): URL {
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) {
    url.hash = "";
    const folder = url.pathname.replace(/\/+$/, "");
    url.pathname = folder.endsWith(version) ? folder : folder + version;
    return url;
  }
  throw new TypeError(
    `Cannot set '${path}' as it must be an address that begins with http:// or https://: current value is ${show(text)}`,
  );
}

/** Messages tell what is wrong with a key, never the key. */
function readKey(path: string, key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (typeof key !== "string")
    throw new TypeError(`Cannot set '${path}' as it must be a text: it is of type ${typeof key}`);
  // Keys that are read from files end with a line end.
  const trimmed = key.trim();
  if (!/^[\x21-\x7e]*$/.test(trimmed)) {
    throw new TypeError(`Cannot set '${path}' as it holds spaces or other characters that no key has`);
  }
  return trimmed === "" ? undefined : trimmed;
}

function readHeaders(path: string, headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  if (headers === undefined) return {};
  // They may hold keys: what is wrong is told without them.
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw new TypeError(`Cannot set '${path}' as it must be an object of names and values`);
  }
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new TypeError(
        `Cannot set '${path}' as the header ${show(name)} has a name or value that HTTP does not allow`,
      );
    }
    if (typeof value !== "string")
      throw new TypeError(`Cannot set '${path}' as the header ${show(name)} must be a text`);
    read[name.toLowerCase()] = value;
  }
  return read;
}
