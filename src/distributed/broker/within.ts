import { BrokerUnavailableError } from "../../errors.js";
import { hidePassword, type ResolvedBroker } from "../../config/broker.js";

/**
 * Waits for an answer of the broker, for `brokerTimeout` at most.
 *
 * @param what - what cannot be done without it, to stand after "Cannot", such as `"place a worker"`
 * @throws {BrokerUnavailableError} when it does not come, or is a refusal
 */
export async function withinTimeout<T>(answer: Promise<T>, broker: ResolvedBroker, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(unavailable(broker, what, `did not answer for ${broker.brokerTimeout} ms`)),
      broker.brokerTimeout,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    if (error instanceof BrokerUnavailableError || (error as Error).name !== "ReplyError") throw error;
    throw unavailable(broker, what, `refused it: ${(error as Error).message}`, error);
  } finally {
    clearTimeout(timer);
  }
}

/** The error for a broker that cannot be used. */
export function unavailable(
  broker: ResolvedBroker,
  what: string,
  why: string,
  cause?: unknown,
): BrokerUnavailableError {
  const message = `Cannot ${what} as the broker ${String(hidePassword(broker.url))} ${why}`;
  return new BrokerUnavailableError(message, cause === undefined ? undefined : { cause });
}
