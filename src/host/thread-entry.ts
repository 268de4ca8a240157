/** Where a thread of a pool begins. */
import { type MessagePort, workerData } from "node:worker_threads";
import { PackedPortChannel } from "../wire/packed-port-channel.js";
import { PortChannel } from "../wire/port-channel.js";
import { serialize } from "../wire/serialize.js";
import { serveChannel } from "./serve-channel.js";

/** `isPacked`: the other end only hands messages on, to a machine elsewhere. */
const { port, isPacked, begun } = workerData as { port: MessagePort; isPacked?: boolean; begun?: SharedArrayBuffer };

serveChannel(
  isPacked
    ? { channel: new PackedPortChannel(port), trySend: serialize, begun }
    : { channel: new PortChannel(port), trySend: structuredClone },
);
