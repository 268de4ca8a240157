import { measureClients, withClients } from "../contest.js";
import { serialMedian } from "../drive.js";
import type { Client } from "../peer.js";
import { threadPeers } from "../peers/thread-peers.js";
import type { Section } from "../section.js";

const BYTES = 1024 * 1024;
const CALLS = 300;

/** What large arguments cost. */
export const buffers: Section = {
  name: "buffers",
  run: (context) =>
    withClients(context.select(threadPeers), 1, async (entrants) => {
      context.say("copied");
      const copied = await measureClients(entrants, prepareCopy, context);
      context.say("transferred");
      const transferred = await measureClients(entrants, prepareTransfer, context);
      const notes = [`The median of ${CALLS} calls, one at a time, is one figure.`];
      return [
        {
          title: "1 MiB copied to the worker, 1 thread",
          unit: "µs, p50",
          better: "lower",
          notes: [...notes, "Depends on whether the allocator has memory at hand: look at the lower end of the range."],
          rows: copied,
        },
        { title: "1 MiB transferred both ways, 1 thread", unit: "µs, p50", better: "lower", notes, rows: transferred },
      ];
    }),
};

function prepareCopy(client: Client): () => Promise<number> {
  const bytes = new Uint8Array(BYTES).fill(7);
  return () =>
    serialMedian(CALLS, async () => {
      if ((await client.size(bytes)) !== BYTES) throw new Error("Cannot count a copy as it has another size");
    });
}

function prepareTransfer(client: Client): (() => Promise<number>) | undefined {
  if (!client.transfer) return undefined;
  let bytes = new Uint8Array(BYTES).fill(7);
  return () =>
    serialMedian(CALLS, async () => {
      const sent = bytes;
      bytes = await client.transfer!(sent);
      if (sent.byteLength !== 0) throw new Error("Cannot count a transfer as the buffer was copied");
      if (bytes.byteLength !== BYTES) throw new Error("Cannot count a transfer as the buffer came back shorter");
    });
}
