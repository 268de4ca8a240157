import { checkFields } from "../config/check-fields.js";
import { oneOf } from "../config/one-of.js";
import { itemsOf, refuseMore } from "./items.js";
import { outcomeOf } from "./settlement.js";
import { Watch, WATCH_OPTIONS, type WatchOptions } from "./watch.js";

/** When {@link wait} returns, unless its time is over before. */
export type ReturnWhen = "all" | "first-completed" | "first-exception";

/** Options of {@link wait}. */
export interface WaitOptions extends WatchOptions {
  /**
   * - `"all"`: when all have settled;
   * - `"first-completed"`: when any has;
   * - `"first-exception"`: when any failed or was cancelled, or all have settled.
   * @default "all"
   */
  returnWhen?: ReturnWhen | undefined;
}

/** What {@link wait} returns: every future given to it, in one of two sets, each in the order given. */
export interface Waited<F> {
  /** Those that have settled, in whatever way. */
  done: Set<F>;
  /** The others. */
  pending: Set<F>;
}

const RETURN_WHEN: readonly ReturnWhen[] = ["all", "first-completed", "first-exception"];
const WAIT_OPTIONS: readonly string[] = [...WATCH_OPTIONS, "returnWhen"];

/**
 * Waits for futures, and tells which have settled and which have not. It does not reject for one that failed, nor when
 * the time is over; the futures go on.
 *
 * The errors of futures remain to be looked at: those that nobody asks for are reported, as always. Those of promises count
 * as handled. Waiting again and again for the same futures leaves nothing behind with them. Each wait takes time linear
 * in the number of futures: to take thousands of them one by one, use `asCompleted`.
 *
 * @throws {TypeError | RangeError} as a rejection, for futures or options that are not what they must be
 * @throws the reason of `signal` when it fires
 *
 * @example
 * let { done, pending } = await wait(futures, { timeout: 2000 });
 * for (const future of pending) future.cancel();
 * // The first of several copies of one call:
 * ({ done } = await wait([a.fetch(url), b.fetch(url)], { returnWhen: "first-completed" }));
 */
export async function wait<F>(futures: Iterable<F>, options: WaitOptions = {}): Promise<Waited<F>> {
  refuseMore("wait for", options);
  checkFields("options", options, WAIT_OPTIONS);
  const items = itemsOf("wait for", futures) as readonly F[];
  await returnsWhen(items, options);
  const done = new Set<F>();
  const pending = new Set<F>();
  for (const item of items) (outcomeOf(item) ? done : pending).add(item);
  return { done, pending };
}

function returnsWhen(items: readonly unknown[], options: WaitOptions): Promise<void> {
  const returnWhen = oneOf("returnWhen", options.returnWhen ?? "all", RETURN_WHEN);
  return new Promise((resolve, reject) => {
    // What settles in the same go is done as well: a promise tells only in a microtask of its own.
    const succeed = (): void => queueMicrotask(resolve);
    const watch = new Watch(items, options, WAIT_OPTIONS, {
      verb: "wait for",
      settled: (_, outcome) => {
        const isEnough =
          watch.settled === items.length ||
          returnWhen === "first-completed" ||
          (returnWhen === "first-exception" && outcome.status !== "done");
        if (!isEnough) return;
        watch.close();
        succeed();
      },
      ended: (error, why) => (why === "abort" ? reject(error as Error) : succeed()),
    });
    watch.open(false);
    if (items.length === 0) succeed();
  });
}
