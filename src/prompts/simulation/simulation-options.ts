/** What can be set of a simulated model: meaning, defaults, checks. */
import { atLeast } from "../../config/at-least.js";
import { checkFields, checkRecord } from "../../config/check-fields.js";
import { checkFunction } from "../../config/check-function.js";
import { duration } from "../../config/duration.js";
import { oneOf } from "../../config/one-of.js";
import { show } from "../../config/show.js";
import type { Endpoint, PromptMessage } from "../provider.js";

/**
 * What a simulated model does wrong:
 * - `"500"`, `"503"`, `"529"`: it answers with that status, after the latency
 * - `"429"`: it says at once that there were too many requests, although there were not
 * - `"reset"`: the connection breaks, before the answer or in the middle of it
 * - `"broken-json"`: status 200, and a body that ends too early
 * - `"hang"`: nothing, until the client goes away
 */
export type SimulatedFault = "500" | "503" | "529" | "429" | "reset" | "broken-json" | "hang";

/** What an API key may do; what is not said is as for the whole server. */
export interface SimulatedKey {
  /** Requests per minute. */
  readonly rpm?: number | undefined;
  /** Tokens per minute. */
  readonly tpm?: number | undefined;
  /** Requests until the key has nothing more to spend. */
  readonly quota?: number | undefined;
}

/** What the function `answer` is told of a request. */
export interface SimulatedRequest {
  readonly endpoint: Endpoint;
  readonly model: string;
  /** The conversation, oldest first. */
  readonly messages: readonly PromptMessage[];
  /** The last message of the user. */
  readonly prompt: string;
  /** The body, parsed. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Options of {@link serveModel}. */
export interface SimulationOptions {
  /** @default 0, any that is free */
  readonly port?: number | undefined;
  /** @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** How long an answer takes, in ms; of two the least and the most, drawn for each prompt. @default 100 */
  readonly latency?: number | readonly [least: number, most: number] | undefined;
  /** Requests per minute; without `keys` all clients share them. @default no limit */
  readonly rpm?: number | undefined;
  /** Tokens per minute, of prompts and answers. @default no limit */
  readonly tpm?: number | undefined;
  /** How long the minute of `rpm` and `tpm` is, in ms. @default 60_000 */
  readonly window?: number | undefined;
  /**
   * - `"bucket"`: refilled all the time, `burst` of it at once
   * - `"window"`: no 60 seconds, wherever they begin, see more
   *
   * @default "bucket"
   */
  readonly enforce?: "bucket" | "window" | undefined;
  /** What part of a minute's worth is there at once after a pause; at least one request. @default 1 / 60, a second's worth */
  readonly burst?: number | undefined;
  /**
   * What is taken of `tpm`:
   * - `"actual"`: the tokens of the prompt when a request comes, and those of the answer when it leaves
   * - `"max"`: when a request comes, the larger of its `max_tokens` and the tokens of its prompt; nothing is given back
   *
   * @default "actual"
   */
  readonly charge?: "actual" | "max" | undefined;
  /** Requests at once; more are refused with status 429. @default no limit */
  readonly concurrency?: number | undefined;
  /** Requests until there is nothing more to spend: status 429, `insufficient_quota`. @default no limit */
  readonly quota?: number | undefined;
  /** The API keys there are, made-up ones, each with limits of its own; others are refused. @default any, all with the same limits */
  readonly keys?: Readonly<Record<string, SimulatedKey>> | undefined;
  /** How a response with status 429 says when to try again: whole seconds, `retry-after-ms`, an HTTP date. @default "seconds" */
  readonly retryAfter?: "seconds" | "ms" | "date" | "none" | undefined;
  /** The share of requests that something goes wrong with, from 0 to 1. @default 0 */
  readonly faults?: number | undefined;
  /** What goes wrong, each as often as the others. @default all but "429" and "hang" */
  readonly faultKinds?: readonly SimulatedFault[] | undefined;
  /** With the same seed the same prompts get the same answers, latencies and faults. @default 1 */
  readonly seed?: number | undefined;
  /** The length of answers; of two the least and the most, drawn for each prompt. @default [16, 128] */
  readonly outputTokens?: number | readonly [least: number, most: number] | undefined;
  /** How fast a streamed answer comes after the latency. @default all at once */
  readonly tokensPerSecond?: number | undefined;
  /** Answers instead of the model; what it throws is answered with status 500. */
  readonly answer?: ((request: SimulatedRequest) => string) | undefined;
}

/** Checked options with every default in place. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly latency: readonly [least: number, most: number];
  readonly rpm: number;
  readonly tpm: number;
  readonly window: number;
  readonly enforce: "bucket" | "window";
  readonly burst: number;
  readonly charge: "actual" | "max";
  readonly concurrency: number;
  readonly quota: number;
  readonly keys: Readonly<Record<string, SimulatedKey>> | undefined;
  readonly retryAfter: "seconds" | "ms" | "date" | "none";
  readonly faults: number;
  readonly faultKinds: readonly SimulatedFault[];
  readonly seed: number;
  readonly outputTokens: readonly [least: number, most: number];
  readonly tokensPerSecond: number;
  readonly answer: ((request: SimulatedRequest) => string) | undefined;
}

/** Every kind of fault. */
export const FAULTS: readonly SimulatedFault[] = ["500", "503", "529", "429", "reset", "broken-json", "hang"];

const FIELDS: readonly (keyof SimulationOptions)[] = [
  "port",
  "host",
  "latency",
  "rpm",
  "tpm",
  "window",
  "enforce",
  "burst",
  "charge",
  "concurrency",
  "quota",
  "keys",
  "retryAfter",
  "faults",
  "faultKinds",
  "seed",
  "outputTokens",
  "tokensPerSecond",
  "answer",
];
const KEY_FIELDS: readonly (keyof SimulatedKey)[] = ["rpm", "tpm", "quota"];
const NO_LIMIT = Number.POSITIVE_INFINITY;
const A_SECOND_OF_A_MINUTE = 1 / 60;
const HIGHEST_PORT = 65_535;

/** @throws {TypeError | RangeError} naming the option at fault */
export function resolveSettings(options: SimulationOptions): Settings {
  checkFields("serveModel", options, FIELDS);
  const { host = "127.0.0.1", window = 60_000, tokensPerSecond = NO_LIMIT, keys, answer } = options;
  if (typeof host !== "string" || host === "") {
    throw new TypeError(`Cannot set 'host' as it must be a name or an address: current value is ${show(host)}`);
  }
  if (options.burst !== undefined && options.enforce === "window") {
    throw new TypeError(`Cannot set 'burst' as a window has none: current value is ${show(options.burst)}`);
  }
  if (answer !== undefined) checkFunction("answer", answer);
  if (keys !== undefined) checkKeys(keys);
  return {
    port: port(options.port ?? 0),
    host,
    latency: range("latency", options.latency ?? 100, duration),
    rpm: atLeast("rpm", options.rpm ?? NO_LIMIT, 1),
    tpm: atLeast("tpm", options.tpm ?? NO_LIMIT, 1),
    window: above0("window", duration("window", window)),
    enforce: oneOf("enforce", options.enforce ?? "bucket", ["bucket", "window"]),
    burst: above0("burst", share("burst", options.burst ?? A_SECOND_OF_A_MINUTE)),
    charge: oneOf("charge", options.charge ?? "actual", ["actual", "max"]),
    concurrency: atLeast("concurrency", options.concurrency ?? NO_LIMIT, 1),
    quota: atLeast("quota", options.quota ?? NO_LIMIT, 0),
    keys,
    retryAfter: oneOf("retryAfter", options.retryAfter ?? "seconds", ["seconds", "ms", "date", "none"]),
    faults: share("faults", options.faults ?? 0),
    faultKinds: faultKinds(options.faultKinds),
    seed: finite("seed", options.seed ?? 1),
    outputTokens: range("outputTokens", options.outputTokens ?? [16, 128], tokens),
    tokensPerSecond: above0("tokensPerSecond", tokensPerSecond),
    answer,
  };
}

function checkKeys(keys: Readonly<Record<string, SimulatedKey>>): void {
  checkRecord("keys", keys);
  // Named by their place: a key, even one that should be made up, is nothing for a message.
  for (const [index, key] of Object.values(keys).entries()) {
    const name = `keys[${index}]`;
    checkFields(name, key, KEY_FIELDS);
    if (key.rpm !== undefined) atLeast(`${name}.rpm`, key.rpm, 1);
    if (key.tpm !== undefined) atLeast(`${name}.tpm`, key.tpm, 1);
    if (key.quota !== undefined) atLeast(`${name}.quota`, key.quota, 0);
  }
  if (Object.keys(keys).length === 0) throw new TypeError("Cannot set 'keys' as it must name at least one key");
}

function faultKinds(kinds: readonly SimulatedFault[] | undefined): readonly SimulatedFault[] {
  if (kinds === undefined) return FAULTS.filter((kind) => kind !== "429" && kind !== "hang");
  if (!Array.isArray(kinds) || kinds.length === 0) {
    throw new TypeError(`Cannot set 'faultKinds' as it must list at least one: current value is ${show(kinds)}`);
  }
  return kinds.map((kind: unknown) => oneOf("faultKinds", kind, FAULTS));
}

function range(
  name: string,
  value: number | readonly [number, number],
  check: (name: string, value: number) => number,
): readonly [number, number] {
  if (!Array.isArray(value)) {
    const only = check(name, value as number);
    return [only, only];
  }
  if (value.length !== 2) {
    throw new TypeError(
      `Cannot set '${name}' as it must be a number or [least, most]: current value is ${show(value)}`,
    );
  }
  const [least, most] = [check(name, value[0] as number), check(name, value[1] as number)];
  if (least <= most) return [least, most];
  throw new RangeError(`Cannot set '${name}' as its least must not be above its most: current value is ${show(value)}`);
}

function tokens(name: string, value: number): number {
  return finite(name, atLeast(name, value, 1));
}

function share(name: string, value: number): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new RangeError(`Cannot set '${name}' as it must be a share from 0 to 1: current value is ${show(value)}`);
}

function above0(name: string, value: number): number {
  if (typeof value === "number" && value > 0) return value;
  throw new RangeError(`Cannot set '${name}' as it must be above 0: current value is ${show(value)}`);
}

function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new RangeError(`Cannot set '${name}' as it must be a finite number: current value is ${show(value)}`);
}

function port(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= HIGHEST_PORT) return value;
  throw new RangeError(
    `Cannot set 'port' as it must be an integer from 0 to ${HIGHEST_PORT}: current value is ${show(value)}`,
  );
}
