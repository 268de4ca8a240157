import { withEntrants } from "../arena/entrant.js";
import { contest } from "../contest.js";
import { idealThread, threadPeers } from "../peers/thread-peers.js";
import type { Section } from "../section.js";
import * as work from "../work.js";

const WORKERS = 2;
const TASKS = 1000;
const IN_FLIGHT = 100;
/** With so few calls a second it takes so many times as long as elsewhere until a library's code is compiled. */
const WARM_UPS = 3;

/** How much of two cores a pool leaves to the work. */
export const cpu: Section = {
  name: "cpu",
  run: (context) =>
    withEntrants("thread", [...context.select(threadPeers), idealThread], WORKERS, async (entrants) => {
      const blocks = calibrate();
      const tasks = Math.ceil(TASKS * context.effort);
      context.say(`1 ms of work is ${blocks} blocks`);
      const contestants = entrants.map((entrant) =>
        entrant.name === idealThread.name
          ? entrant.contestant("idealTasks", { blocks, tasks, workers: WORKERS })
          : entrant.contestant("tasks", { blocks, tasks, inFlight: IN_FLIGHT }),
      );
      return [
        {
          id: "cpu",
          title: "CPU tasks of 1 ms, 2 threads",
          unit: "tasks/s",
          better: "higher",
          notes: [
            `${tasks.toLocaleString("en-US")} tasks of ${blocks} blocks of work each, ` +
              `${IN_FLIGHT} in flight; fixed work, calibrated to 1 ms on a free core.`,
            "Ideal: the same work on two threads, in one call for each.",
          ],
          rows: await contest(contestants, { ...context, warmUpMs: WARM_UPS * (context.warmUpMs ?? 0) }),
          against: idealThread.name,
          // Of what is equal, half lies below 1.
          bars: [{ against: "bare postMessage", atLeast: 0.99 }],
        },
      ];
    }),
};

/** How many blocks of work take 1 ms: by the fastest of many tries, as the others were disturbed. */
function calibrate(): number {
  const probe = 1000;
  let fastest = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial < 200; trial += 1) {
    const start = performance.now();
    work.cpu(probe);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return Math.round(probe / fastest);
}
