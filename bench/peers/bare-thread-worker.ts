import { parentPort } from "node:worker_threads";
import { type BareRequest, Operation, perform } from "./bare-request.js";

const port = parentPort!;

port.on("message", (request: BareRequest) => {
  const reply = perform(request);
  if (request[0] === Operation.transfer) port.postMessage(reply, [(reply as Uint8Array<ArrayBuffer>).buffer]);
  else port.postMessage(reply);
});
