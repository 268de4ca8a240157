/**
 * Where a child process of a pool begins.
 *
 * Linked, this file is the library too (`scripts/link.js`): the modules of workers import it once more, and so may threads
 * and processes that these start. It serves only a process that was told to, once.
 */
import { Socket } from "node:net";
import type { ProcessStart } from "../modes/process.js";
import type { Encoding } from "../wire/codec/entry-buffer.js";
import { serialize } from "../wire/serialize.js";
import { SocketChannel } from "../wire/socket-channel.js";
import { serveChannel } from "./serve-channel.js";

/** The private connection to the parent: `stdio[3]` of the child. */
const CHANNEL_FD = 3;
const ENCODINGS: Readonly<Record<ProcessStart, Encoding>> = { "manyhands:own": "own", "manyhands:v8": "v8" };

const encoding = (ENCODINGS as Readonly<Record<string, Encoding | undefined>>)[process.argv[2] ?? ""];

if (encoding) {
  process.argv.splice(2, 1);
  const channel = new SocketChannel(new Socket({ fd: CHANNEL_FD }), encoding);
  // The parent is gone, or has let go of this child: nothing can be of use to anybody any more.
  channel.onClose = () => process.exit(0);
  // Ctrl-C reaches the whole foreground group: whether to stop, and how, is the parent's decision.
  process.on("SIGINT", () => {});

  serveChannel({ channel, trySend: serialize });
}
