/**
 * Where a thread of a pool begins.
 *
 * Linked, this file is the library too (`scripts/link.js`): the modules of workers import it once more, and so do threads that
 * they start themselves. It serves only the port that a thread of a pool is given, once.
 */
import { workerData } from "node:worker_threads";
import { PortChannel } from "../wire/port-channel.js";
import { RingChannel } from "../wire/ring/ring-channel.js";
import { serveChannel } from "./serve-channel.js";
import { THREAD_START, type ThreadStart } from "./thread-start.js";

const given = workerData as { [THREAD_START]?: ThreadStart } | null | undefined;
const start = given?.[THREAD_START];

if (start) {
  delete given[THREAD_START];
  const { port, memory } = start;
  const rings = memory && new RingChannel(port, memory, "host");
  serveChannel({ channel: rings ?? new PortChannel(port), ...(rings && { rings }), trySend: structuredClone });
}
