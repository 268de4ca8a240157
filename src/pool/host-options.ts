/** The options of threads and processes: what is refused before a worker starts. */
import { checkFields, checkRecord } from "../config/check-fields.js";
import type { Mode } from "../config/mode.js";
import { oneOf } from "../config/one-of.js";
import { finite, positive } from "../config/positive.js";
import { show } from "../config/show.js";
import type { HostSettings, Spin } from "../modes/executor.js";

const RESOURCE_LIMITS = [
  "maxOldGenerationSizeMb",
  "maxYoungGenerationSizeMb",
  "codeRangeSizeMb",
  "stackSizeMb",
] as const;

/** Longer than this nobody should stay awake for a call, in µs. */
const LONGEST_SPIN_US = 10_000;

/**
 * What Node.js would refuse only when a worker starts, or not at all.
 * @throws {TypeError | RangeError} naming the option, its value, and what it must be
 */
export function resolveHost(mode: Mode, settings: HostSettings): HostSettings {
  const { execArgv, env, resourceLimits, transport, spin } = settings;
  if (mode === "distributed" && (execArgv ?? env) !== undefined) {
    const name = execArgv === undefined ? "env" : "execArgv";
    throw new TypeError(`Cannot set '${name}' in mode 'distributed' as nodes have their own: start them with it`);
  }
  if (execArgv !== undefined && !isListOfStrings(execArgv)) {
    throw new TypeError(`Cannot set 'execArgv' as it must be a list of strings: current value is ${show(execArgv)}`);
  }
  if (env !== undefined) checkRecord("env", env);
  if (transport !== undefined) oneOf("transport", transport, ["auto", "port"]);
  if (spin !== undefined) checkSpin(spin);
  if (resourceLimits !== undefined) checkResourceLimits(resourceLimits);
  return { execArgv, env, resourceLimits, transport, spin };
}

function checkSpin(spin: Spin): void {
  if (spin === "auto" || spin === "off") return;
  if (typeof spin === "number" && spin > 0 && spin <= LONGEST_SPIN_US) return;
  throw new RangeError(
    `Cannot set 'spin' as it must be "auto", "off", or above 0 and at most ${LONGEST_SPIN_US} µs: current value is ` +
      show(spin),
  );
}

function checkResourceLimits(limits: NonNullable<HostSettings["resourceLimits"]>): void {
  checkFields("resourceLimits", limits, RESOURCE_LIMITS);
  for (const name of RESOURCE_LIMITS) {
    const size = limits[name];
    if (size !== undefined) finite(`resourceLimits.${name}`, positive(`resourceLimits.${name}`, size));
  }
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
