/** Where a thread begins whose other end only hands messages on, to a machine elsewhere. */
import { workerData } from "node:worker_threads";
import type { ThreadData } from "../modes/thread.js";
import { PackedPortChannel } from "../wire/packed-port-channel.js";
import { serialize } from "../wire/serialize.js";
import { serveChannel } from "./serve-channel.js";

const { port, begun } = (workerData as ThreadData)["manyhands.thread"];

serveChannel({ channel: new PackedPortChannel(port), trySend: serialize, begun });
