import { type BareRequest, perform } from "./bare-request.js";

process.on("message", (request: BareRequest) => process.send!(perform(request)));
