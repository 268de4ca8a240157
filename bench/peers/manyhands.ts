/** This library, in one of its modes and otherwise by default. */
import type { Mode } from "manyhands";
import { type Peer, REFERENCE } from "../peer.js";
import { WorkWorker } from "./manyhands-worker.js";

export function manyhands(mode: Mode, name = REFERENCE): Peer {
  return {
    name,
    open: async (workers) => {
      const pool = WorkWorker.options({ mode, maxWorkers: workers }).init();
      await pool.ready();
      return {
        noop: (value) => pool.noop(value),
        echo: (item) => pool.echo(item),
        cpu: (blocks) => pool.cpu(blocks),
        size: (bytes) => pool.size(bytes),
        transfer: (bytes) => pool.with({ transfer: [bytes] }).transfer(bytes),
        close: () => pool.stop(),
      };
    },
  };
}
