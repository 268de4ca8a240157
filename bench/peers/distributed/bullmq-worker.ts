/** Started by `bullmq.ts`: `node bullmq-worker.js <redis url> <queue> <concurrency> <reply>`. */
import { type Job, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Message } from "./remote-peer.js";

const [url, queue, concurrency, how] = process.argv.slice(2) as [string, string, string, "wait" | "reply"];
const connection = new Redis(url, { maxRetriesPerRequest: null });
const replies = new Redis(url);

/** What a job of a caller that has a list for replies holds. */
interface Asked {
  readonly id: string;
  readonly list: string;
  readonly message: Message;
}

async function run({ data }: Job): Promise<unknown> {
  if (how === "wait") return data as Message;
  const { id, list, message } = data as Asked;
  return replies.rpush(list, JSON.stringify([id, message]));
}

const worker = new Worker(queue, run, { connection, concurrency: Number(concurrency) });
await worker.waitUntilReady();
process.send!("ready");
process.once("disconnect", () => process.exit());
