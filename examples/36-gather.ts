// `gather` waits for calls that do not depend on each other, and gives their results in the order of the calls, or under
// the names they were given. What happens when one fails is a choice: the first error ends the wait, or each stands in
// the place of its result. A wait can have an end in time; the calls need not end with it.
import { CancelledError, gather, TimeoutError } from "manyhands";
import { DirectoryWorker, UnreliableWorker } from "./36-gather.worker.js";

await using directory = DirectoryWorker.options({ mode: "async" }).init();
await using unreliable = UnreliableWorker.options({ mode: "process", maxWorkers: 2 }).init();

const { profile, usage, limits } = await gather({
  profile: directory.profile("ada"),
  usage: directory.usage("ada"),
  limits: directory.limits("ada"),
});
console.log(`${profile.name} used ${usage} of ${limits.perMinute}`);

// The first error ends the wait. The other calls go on.
const pending = directory.profile("grace");
const error: unknown = await gather([directory.limits(""), pending]).catch((reason: unknown) => reason);
console.log("failed:", error instanceof RangeError && error.message, "- meanwhile:", (await pending).name);

// A batch of which some fail.
const items = [{ value: 1 }, { value: 2, isBroken: true }, { value: 3 }, { value: 4, isBroken: true }, { value: 5 }];
const outcomes = await gather(
  items.map((item) => unreliable.process(item)),
  { returnExceptions: true },
);
for (const [index, outcome] of outcomes.entries()) {
  if (outcome instanceof Error) console.log(`item ${index} failed:`, outcome.message);
}
console.log("the others:", outcomes.filter((outcome) => typeof outcome === "number").join(" "));

// An end in time, for the calls as well.
const history = directory.history();
const late: unknown = await gather([directory.usage("ada"), history], { timeout: 50, cancelOnFailure: true }).catch(
  (reason: unknown) => reason,
);
console.log("late:", late instanceof TimeoutError && late.message);
console.log("given up:", (await history.exception()) instanceof CancelledError);

// Output:
// ADA used 300 of 1000
// failed: There is no user without a name - meanwhile: GRACE
// item 1 failed: Cannot process 2
// item 3 failed: Cannot process 4
// the others: 2 6 10
// late: Cannot gather 2 futures within 50 ms as only 1 had settled by then
// given up: true
