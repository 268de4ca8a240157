/** What is said when a shared set cannot be used. */
import { BrokerUnavailableError, DefinitionError } from "../../errors.js";
import { describeDefinition } from "./definition.js";

/** What a server says for a while, and an end of the connection: the step is made again. */
const PASSING =
  /^(OOM|MISCONF|LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|BUSY|UNBLOCKED)|Connection is closed|ECONN|EPIPE|Stream isn't writeable/;

export function isPassing({ message }: Error): boolean {
  return PASSING.test(message);
}

/** The broker has been away for too long. */
export function unavailable(set: string, ms: number, cause: Error | undefined): BrokerUnavailableError {
  return new BrokerUnavailableError(
    `Cannot acquire from '${set}' as the broker has not answered for ${ms} ms: see that it runs and can be reached`,
    { cause },
  );
}

/** The broker does not let us. */
export function refused(set: string, cause: Error): BrokerUnavailableError {
  return new BrokerUnavailableError(`Cannot acquire from '${set}' as the broker refuses: ${cause.message}`, { cause });
}

/** Somebody who is there has defined the set otherwise. */
export function differs(set: string, here: string, there: string): DefinitionError {
  return new DefinitionError(
    `Cannot acquire from '${set}' as another process has defined it otherwise: here it is ${describeDefinition(here)}, ` +
      `there it is ${describeDefinition(there)}; give it the same limits in the same order, or another name`,
  );
}

/** The set was closed. */
export function closed(set: string): TypeError {
  return new TypeError(`Cannot use the limits '${set}' as the set is closed`);
}
