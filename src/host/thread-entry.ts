/** Where a thread of a pool begins. */
import { type MessagePort, workerData } from "node:worker_threads";
import { PortChannel } from "../wire/port-channel.js";
import { serveChannel } from "./serve-channel.js";

const { port } = workerData as { port: MessagePort };

serveChannel({ channel: new PortChannel(port), trySend: structuredClone });
