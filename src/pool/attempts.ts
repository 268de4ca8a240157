/**
 * What happens when a worker has let go of a call: what it took of limits is settled, its result is checked, and it is
 * over, or made again.
 *
 * A1. What a call took is given back when the worker has let go of it, not when its caller gave up.
 * A2. Nothing is made again of which something was seen, as of a stream that has begun, nor what cannot be: a call whose
 *     arguments were handed over (`transfer`) has none left. That holds in every mode, also where nothing is handed over.
 */
import { steadyNow } from "../config/steady-clock.js";
import { machineClock } from "../config/monotonic.js";
import { validateValue } from "../config/validate.js";
import { retryAfterOf } from "../limits/headers/retry-after.js";
import { RetryHistory } from "../retry/history.js";
import type { RetryDecision } from "../retry/policy.js";
import type { Call } from "./call.js";
import { outcomeOf } from "./call-outcome.js";
import type { MethodPlan } from "./method-plan.js";

/** Who goes on with a call: the pool. */
export interface AttemptsOwner {
  /** The outcome of an attempt is looked at, which takes a while. */
  setAside(call: Call): void;
  /** Makes the call again after `delay` ms; if that cannot be, fails it with `error`. */
  again(call: Call, delay: number, error: unknown): void;
}

export class Attempts {
  readonly #owner: AttemptsOwner;

  constructor(owner: AttemptsOwner) {
    this.#owner = owner;
  }

  /** A worker answered, or died. */
  ended(call: Call, status: "done" | "failed", outcome: unknown): void {
    const { plan } = call.kind;
    const fault = settle(call, plan, status, outcome);
    if (call.place === "over") return;
    if (fault) call.finish("failed", fault.error);
    else if (!plan) call.finish(status, outcome);
    else if (status === "failed") this.#failed(call, plan, outcome);
    else this.#returned(call, plan, outcome);
  }

  #failed(call: Call, { retry }: MethodPlan, error: unknown): void {
    if (!retry || !isRepeatable(call)) {
      call.finish("failed", error);
      return;
    }
    const retryAfter = retryAfterOf(error, Date.now());
    this.#decided(call, retry.onFailure({ ...surroundings(call), error, retryAfter }), undefined, error);
  }

  #returned(call: Call, plan: MethodPlan, result: unknown): void {
    if (call.traits.sink) {
      // What a stream yielded is with its reader already: its end is no result.
      call.finish("done", result);
      return;
    }
    if (!plan.result) {
      this.#validated(call, plan, result);
      return;
    }
    try {
      const value = validateValue(plan.result, result, { kind: "result", name: call.label });
      if (value instanceof Promise) this.#later(call, value, (valid) => this.#validated(call, plan, valid), plan);
      else this.#validated(call, plan, value);
    } catch (error) {
      this.#failed(call, plan, error);
    }
  }

  #validated(call: Call, plan: MethodPlan, result: unknown): void {
    const { retry } = plan;
    if (!retry?.validates) {
      call.finish("done", result);
      return;
    }
    const history = (call.extras.history ??= new RetryHistory());
    const decide = (decision: RetryDecision | undefined): void => {
      // Only for one that is refused: to make an error of each result that is accepted would cost more than the call.
      const refusal = decision?.retry ? history.toError(call.name, call.attempt) : undefined;
      this.#decided(call, decision, result, refusal);
    };
    const decision = retry.onResult({ ...surroundings(call), result, history });
    if (decision instanceof Promise) this.#later(call, decision, decide, plan);
    else decide(decision);
  }

  #decided(call: Call, decision: RetryDecision | undefined, result: unknown, error: unknown): void {
    if (!decision) call.finish("done", result);
    else if (!decision.retry) call.finish("failed", decision.error);
    else if (isRepeatable(call)) this.#owner.again(call, decision.delay, error);
    else call.finish("failed", error);
  }

  /** Goes on when a promise has settled, unless the call is over by then. */
  #later<T>(call: Call, promise: Promise<T>, next: (value: T) => void, plan: MethodPlan): void {
    this.#owner.setAside(call);
    const goOn = async (): Promise<void> => {
      let value: T;
      try {
        value = await promise;
      } catch (error) {
        if (call.place !== "over") this.#failed(call, plan, error);
        return;
      }
      if (call.place !== "over") next(value);
    };
    void goOn();
  }
}

/** Gives back what the call took of limits (A1); returns the error of a `usage` that threw. */
function settle(
  call: Call,
  plan: MethodPlan | undefined,
  status: "done" | "failed",
  outcome: unknown,
): { error: unknown } | undefined {
  const { grant } = call;
  if (!grant) return undefined;
  try {
    if (call.ran !== undefined) grant.began(machineClock.now() - call.ran);
    // The arguments of a call that is over are gone: its estimate stands.
    const isKnown = status === "done" && call.place !== "over";
    const usage = isKnown ? plan?.usage?.(outcome, ...call.args) : undefined;
    call.endGrant(outcomeOf(call, status, outcome), usage);
    return undefined;
  } catch (error) {
    call.endGrant("ignored", undefined);
    return { error };
  }
}

/** Whether nothing was seen of the call yet, and it can be made again (A2). */
export function isRepeatable({ traits, options }: Call): boolean {
  return !traits.sink?.hasBegun && !options.transfer?.length;
}

function surroundings(call: Call): {
  attempt: number;
  elapsed: number;
  method: string;
  args: readonly unknown[];
  now: number;
  random: () => number;
} {
  const now = steadyNow();
  const { attempt, name: method, args } = call;
  return { attempt, elapsed: now - call.submittedAt, method, args, now, random: Math.random };
}
