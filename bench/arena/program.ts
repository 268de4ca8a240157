/**
 * Measures one peer, on command: `program.js <kind> <peer>`, with the commands over the channel of `fork`.
 *
 * Ends with the channel, and whatever the peer left behind with it.
 */
import type { Client } from "../peer.js";
import { findPeer } from "../peers/roster.js";
import { within } from "../within.js";
import { type MeasureName, measures } from "./measures.js";

export type Request =
  | { readonly type: "open"; readonly workers: number }
  | { readonly type: "measure"; readonly measure: MeasureName; readonly options: object };

export type Reply = { readonly figure: number } | { readonly error: string };

const CLOSE_WITHIN_MS = 10_000;

const [, , kind = "", name = ""] = process.argv;
let client: Client | undefined;

process.on("message", (request: Request) => void answer(request));
process.once("disconnect", () => void end());

async function answer(request: Request): Promise<void> {
  let reply: Reply;
  try {
    reply = { figure: await perform(request) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  if (process.connected) process.send!(reply);
}

async function perform(request: Request): Promise<number> {
  if (request.type === "open") return open(request.workers);
  const measure = measures[request.measure] as (client: Client, options: object) => Promise<number>;
  return measure(client!, request.options);
}

async function open(workers: number): Promise<number> {
  const createClient = await findPeer(kind, name).load();
  client = createClient(workers);
  await client.ready?.();
  const first = await client.noop(7);
  if (first !== 7) throw new Error(`Cannot use ${name} as its first answer is wrong: ${first}`);
  return first;
}

async function end(): Promise<void> {
  await within(CLOSE_WITHIN_MS, `close ${name}`, client?.close()).catch(() => {});
  process.exit();
}
