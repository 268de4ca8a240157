/** Where a thread of a pool begins. */
import { workerData } from "node:worker_threads";
import type { ThreadStart } from "../modes/thread.js";
import { PackedPortChannel } from "../wire/packed-port-channel.js";
import { PortChannel } from "../wire/port-channel.js";
import { RingChannel } from "../wire/ring/ring-channel.js";
import { serialize } from "../wire/serialize.js";
import { serveChannel } from "./serve-channel.js";

const { port, wire, memory, begun } = workerData as ThreadStart;

if (memory) {
  const rings = new RingChannel(port, memory, "host");
  serveChannel({ channel: rings, rings, trySend: structuredClone });
} else if (wire === "packed") {
  serveChannel({ channel: new PackedPortChannel(port), trySend: serialize, begun });
} else {
  serveChannel({ channel: new PortChannel(port), trySend: structuredClone });
}
