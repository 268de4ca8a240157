/**
 * Where a thread begins whose other end only hands messages on, to a machine elsewhere.
 *
 * Linked, this file is the library too, as `thread-entry.ts` is.
 */
import { workerData } from "node:worker_threads";
import type { ThreadData } from "../modes/thread.js";
import { PackedPortChannel } from "../wire/packed-port-channel.js";
import { serialize } from "../wire/serialize.js";
import { serveChannel } from "./serve-channel.js";

const given = workerData as Partial<ThreadData> | null | undefined;
const start = given?.["manyhands.thread"];

if (start) {
  delete given!["manyhands.thread"];
  const { port, begun } = start;
  serveChannel({ channel: new PackedPortChannel(port), trySend: serialize, begun });
}
