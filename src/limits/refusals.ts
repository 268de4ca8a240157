/** Finds, among those who wait, who can never be served any more since a capacity has changed. */
import { checkHolder } from "./holdings.js";
import type { LimitCore } from "./limit.js";
import type { LimitRequest } from "./limit-request.js";
import { refuseTooMuch } from "./need.js";

/** A request, and why it waits in vain. */
export interface Refusal {
  readonly request: LimitRequest;
  readonly error: unknown;
}

/** Those of the requests that ask for more than there is, or whose call would wait for itself. */
export function refusals(requests: readonly LimitRequest[], cores: readonly LimitCore[]): Refusal[] {
  return requests.flatMap((request) => {
    const { need, requester } = request;
    const { owner: id, isHolder = false } = requester;
    try {
      for (const [index, core] of cores.entries()) if (need[index]! > 0) refuseTooMuch(core, need[index]!);
      if (id !== undefined) checkHolder({ id, isHolder }, cores, need);
      return [];
    } catch (error) {
      return [{ request, error }];
    }
  });
}
