/** Where a child process of a pool begins. */
import { Socket } from "node:net";
import { serialize } from "../wire/serialize.js";
import { SocketChannel } from "../wire/socket-channel.js";
import { serveChannel } from "./serve-channel.js";

/** The private connection to the parent: `stdio[3]` of the child. */
const CHANNEL_FD = 3;

const channel = new SocketChannel(new Socket({ fd: CHANNEL_FD }), process.argv[2] === "v8" ? "v8" : "own");
// The parent is gone, or has let go of this child: nothing can be of use to anybody any more.
channel.onClose = () => process.exit(0);
// Ctrl-C reaches the whole foreground group: whether to stop, and how, is the parent's decision.
process.on("SIGINT", () => {});

serveChannel({ channel, trySend: serialize });
