import { type Mode, MODES } from "./mode.js";
import { oneOf } from "./one-of.js";

const VARIABLE = "MANYHANDS_MODE";

/**
 * The mode that the environment variable `MANYHANDS_MODE` forces on every pool, or `undefined` where it is unset or
 * empty. `MANYHANDS_MODE=sync` makes a program easy to step through.
 *
 * It is read at each call, so it may be set while the program runs. Threads and processes inherit the environment unless
 * the option `env` gives them another, so pools inside workers are forced too.
 *
 * @throws {TypeError} when the variable holds anything but a mode, naming the nearest
 */
export function forcedMode(): Mode | undefined {
  const value = process.env[VARIABLE];
  return value ? oneOf(VARIABLE, value, MODES, `take the mode from the environment variable '${VARIABLE}'`) : undefined;
}
