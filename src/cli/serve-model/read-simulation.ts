import { show } from "../../config/show.js";
import { FAULTS, type SimulatedFault, type SimulationOptions } from "../../prompts/simulation/simulation-options.js";
import { oneOf } from "../../config/one-of.js";
import type { OptionValues } from "../command.js";
import { readCount, readDuration, readList, readText } from "../read-value.js";
import { UsageError } from "../usage-error.js";

const PORT = 8080;

/**
 * Reads what the model shall be.
 * @throws {UsageError | TypeError} naming the option at fault
 */
export function readSimulation(values: OptionValues): SimulationOptions {
  const keys = readList(values, "keys");
  return {
    port: readCount(values, "port", 0) ?? PORT,
    host: readText(values, "host"),
    latency: readRange(values, "latency", readDuration),
    outputTokens: readRange(values, "output-tokens", (one, name) => readCount(one, name, 1)),
    tokensPerSecond: readCount(values, "tokens-per-second", 1),
    seed: readCount(values, "seed", 0),
    rpm: readCount(values, "rpm", 1),
    tpm: readCount(values, "tpm", 1),
    burst: readShare(values, "burst"),
    enforce: readWord(values, "enforce", ["bucket", "window"]),
    charge: readWord(values, "charge", ["actual", "max"]),
    concurrency: readCount(values, "concurrency", 1),
    quota: readCount(values, "quota", 0),
    keys: keys && Object.fromEntries(keys.map((key) => [key, {}])),
    retryAfter: readWord(values, "retry-after", ["seconds", "ms", "date", "none"]),
    faults: readShare(values, "faults"),
    faultKinds: readList(values, "fault-kinds")?.map((kind): SimulatedFault => oneOf("--fault-kinds", kind, FAULTS)),
  };
}

/** One value, or the least and the most, as in `50ms-2s`. */
function readRange(
  values: OptionValues,
  name: string,
  read: (values: OptionValues, name: string) => number | undefined,
): number | readonly [number, number] | undefined {
  const [least, most, ...others] = readText(values, name)?.split("-") ?? [];
  if (least === undefined) return undefined;
  if (most === undefined || others.length > 0) return read(values, name);
  return [read({ [name]: least }, name)!, read({ [name]: most }, name)!];
}

/** A share such as `2%`; a number alone could as well be meant in per cent. */
function readShare(values: OptionValues, name: string): number | undefined {
  const text = readText(values, name);
  if (text === undefined) return undefined;
  const [, number] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (number !== undefined && Number(number) <= 100) return Number(number) / 100;
  throw new UsageError(`Cannot set '--${name}' as it must be a share such as 2%: current value is ${show(text)}`);
}

function readWord<T extends string>(values: OptionValues, name: string, allowed: readonly T[]): T | undefined {
  const text = readText(values, name);
  return text === undefined ? undefined : oneOf(`--${name}`, text, allowed);
}
