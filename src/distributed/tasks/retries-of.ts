/** What decides on retries of a task on its node. */
import type { DelayedRetry } from "../../future/async-result.js";
import { sourceOf } from "../../pool/open-pool.js";
import type { Registration } from "../../registry.js";
import { RetryPolicy } from "../../retry/policy.js";

const policies = new WeakMap<Registration, RetryPolicy | "none">();

/** The policy of a task: what its caller asked for stands above what its definition says. */
export function retriesOf(registration: Registration, asked: DelayedRetry | undefined): RetryPolicy | undefined {
  const { retry } = sourceOf(registration).defaults;
  if (asked) return new RetryPolicy({ ...retry, ...asked }, "delayed.retry");
  let policy = policies.get(registration);
  if (!policy) policies.set(registration, (policy = retry ? new RetryPolicy(retry) : "none"));
  return policy === "none" ? undefined : policy;
}
