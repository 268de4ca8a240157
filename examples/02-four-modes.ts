// One class in four modes: in the calling turn, in this event loop, in a thread, in a child process. The code that uses
// it does not change, nor do results and errors; only the place does, and whether the future is settled at once.
import type { Mode } from "manyhands";
import { EmptyTextError, ShouterWorker } from "./02-four-modes.worker.js";

const modes: Mode[] = ["sync", "async", "thread", "process"];
for (const mode of modes) {
  await using pool = ShouterWorker.options({ mode, maxWorkers: 1 }).init("!!");
  const future = pool.shout("hello");
  const { status } = future;
  const text = await future;
  const error = await pool.shout("").exception();
  const { pid, isMainThread, callsInThisModule } = await pool.place();
  const place = pid !== process.pid ? "a process of its own" : isMainThread ? "this thread" : "a thread of its own";
  console.log(`${mode.padEnd(7)} ${text} after the call: ${status}; in ${place}`);
  console.log(`        same error class: ${error instanceof EmptyTextError}, calls it saw: ${callsInThisModule}`);
}

// Output:
// sync    HELLO!! after the call: done; in this thread
//         same error class: true, calls it saw: 2
// async   HELLO!! after the call: done; in this thread
//         same error class: true, calls it saw: 4
// thread  HELLO!! after the call: queued; in a thread of its own
//         same error class: true, calls it saw: 2
// process HELLO!! after the call: queued; in a process of its own
//         same error class: true, calls it saw: 2
