/** The floor of calls in the same thread: methods of an object, awaited. */
import type { Peer } from "../peer.js";
import * as work from "../work.js";

export const bareObject: Peer = {
  name: "bare await",
  open: () => ({
    noop: (value) => work.noop(value),
    echo: (item) => work.echo(item),
    cpu: (blocks) => work.cpu(blocks),
    size: (bytes) => work.size(bytes),
    close: () => {},
  }),
};
