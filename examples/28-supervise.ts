// Children that are independent: each fails alone, and the rest go on. What failed is in the handles and in `failures`; only
// a failure of the body ends them all. A child that does not let go after a cancellation is reported, not waited for.
import { setTimeout as sleep } from "node:timers/promises";
import { type LeftBehindError, supervise, taskGroup } from "manyhands";

const mailboxes = ["ada", "bob", "eve", "kim"];

async function deliver(mailbox: string, signal: AbortSignal): Promise<string> {
  await sleep(mailbox.length, undefined, { signal });
  if (mailbox === "eve") throw new Error("The mailbox is full");
  return `delivered to ${mailbox}`;
}

const report = await supervise(
  async (group) => {
    const handles = mailboxes.map((mailbox) => group.spawn((signal) => deliver(mailbox, signal), { name: mailbox }));
    // One of them is called off; the others do not notice.
    handles[3]!.cancel();
    await group.drain();
    return {
      statuses: handles.map(({ status }) => status).join(" "),
      failures: group.failures.map(({ name, error }) => `${name}: ${(error as Error).message}`),
    };
  },
  { concurrency: 2 },
);
console.log(report.statuses);
console.log(report.failures);

// The body's own failure cancels all.
const states: string[] = [];
const failed = supervise(async (group) => {
  group.spawn(async (signal) => {
    await sleep(3_600_000, undefined, { signal }).catch(() => states.push("cancelled"));
  });
  throw new Error("No route to the post office");
});
console.log(await failed.catch((error: unknown) => (error as AggregateError).errors.map(String)), states);

// One that ignores its signal.
const stuck = taskGroup(
  (group) => {
    group.spawn(() => new Promise(() => {}), { name: "deaf" });
    group.spawn(async (signal) => sleep(3_600_000, undefined, { signal }), { name: "polite" });
    group.cancel();
  },
  { grace: 50 },
);
const [error] = await stuck.then(
  () => [],
  ({ errors }: AggregateError) => errors as LeftBehindError[],
);
console.log(error?.code, error?.names);

// Output:
// done done failed cancelled
// [ 'eve: The mailbox is full' ]
// [ 'Error: No route to the post office' ] [ 'cancelled' ]
// MH_LEFT_BEHIND [ 'deaf' ]
