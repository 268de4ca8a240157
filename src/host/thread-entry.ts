/**
 * Where a thread of a pool begins.
 *
 * Linked, this file is the library too (`scripts/link.js`): the modules of workers import it once more, and so do threads that
 * they start themselves. It serves only the port that a thread of a pool is given, once.
 */
import { type MessagePort, workerData } from "node:worker_threads";
import { PortChannel } from "../wire/port-channel.js";
import { serveChannel } from "./serve-channel.js";

const given = workerData as { "manyhands.port"?: MessagePort } | null | undefined;
const port = given?.["manyhands.port"];

if (port) {
  delete given["manyhands.port"];
  serveChannel({ channel: new PortChannel(port), trySend: structuredClone });
}
