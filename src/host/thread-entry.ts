/**
 * Where a thread of a pool begins.
 *
 * Linked, this file is the library too (`scripts/link.js`): the modules of workers import it once more, and so may threads
 * that these start. It serves only what a thread of a pool is given, once.
 */
import { clone } from "../wire/clone.js";
import { workerData } from "node:worker_threads";
import type { ThreadData } from "../modes/thread.js";
import { Bell } from "../wire/bell.js";
import { PortChannel } from "../wire/port-channel.js";
import { RingChannel } from "../wire/ring/ring-channel.js";
import { serveChannel } from "./serve-channel.js";

const given = workerData as Partial<ThreadData> | null | undefined;
const start = given?.["manyhands.thread"];

if (start) {
  delete given!["manyhands.thread"];
  const { port, memory } = start;
  const rings = memory && new RingChannel(port, memory, "host");
  serveChannel({
    channel: rings ?? new PortChannel(port),
    ...(rings && { rings }),
    trySend: clone,
    openLine: (linePort, lineMemory, bell) => {
      const caller = new Bell(bell);
      return new RingChannel(linePort, lineMemory, "host", () => caller.ring());
    },
  });
  rings?.catchUp();
}
