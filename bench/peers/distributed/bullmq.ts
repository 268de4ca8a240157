/** Plain BullMQ: one queue, and a worker in another process. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Queue, QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import { ended } from "../../sections/distributed/redis-process.js";
import { calledHere, type RemotePeer } from "./remote-peer.js";

/** More, and fewer, gave fewer calls per second. */
const CONCURRENCY = 100;
const WAITS_MS = 30_000;
/** As in most programs that use it: else all jobs are kept for ever. */
const KEPT = { removeOnComplete: { age: 300 }, removeOnFail: { age: 300 } };

async function startWorker(url: string, queue: string, how: "wait" | "reply"): Promise<ChildProcess> {
  const worker = fork(new URL("bullmq-worker.js", import.meta.url), [url, queue, String(CONCURRENCY), how]);
  await once(worker, "message");
  return worker;
}

/** Results by its own means: events of the queue. */
export const BULLMQ: RemotePeer = {
  name: "BullMQ, waitUntilFinished",
  open: async (url) => {
    const worker = await startWorker(url, "wait", "wait");
    const connection = new Redis(url, { maxRetriesPerRequest: null });
    const queue = new Queue("wait", { connection, defaultJobOptions: KEPT });
    queue.setMaxListeners(0);
    const events = new QueueEvents("wait", { connection: new Redis(url, { maxRetriesPerRequest: null }) });
    events.setMaxListeners(0);
    await events.waitUntilReady();
    return calledHere(
      async (message) => {
        const job = await queue.add("echo", message);
        return job.waitUntilFinished(events, WAITS_MS);
      },
      [worker.pid],
      async () => {
        await events.close();
        await queue.close();
        connection.disconnect();
        await ended(worker);
      },
    );
  },
};

/** Results by a list of the caller's: by hand, and without what happens when a worker dies. */
export const BULLMQ_REPLIES: RemotePeer = {
  name: "BullMQ, own list of replies",
  open: async (url) => {
    const worker = await startWorker(url, "reply", "reply");
    const connection = new Redis(url, { maxRetriesPerRequest: null });
    const reader = new Redis(url, { maxRetriesPerRequest: null });
    const queue = new Queue("reply", { connection, defaultJobOptions: KEPT });
    queue.setMaxListeners(0);
    const waiting = new Map<string, (answer: unknown) => void>();
    let last = 0;
    let isOpen = true;
    const read = async (): Promise<void> => {
      while (isOpen) {
        const found = await reader.blmpop(2, 1, "replies", "LEFT", "COUNT", 1000);
        for (const text of found?.[1] ?? []) {
          const [id, answer] = JSON.parse(text) as [string, unknown];
          waiting.get(id)?.(answer);
          waiting.delete(id);
        }
      }
    };
    const reading = read().catch(() => {});
    return calledHere(
      async (message) => {
        const id = String(++last);
        const answer = new Promise((resolve) => waiting.set(id, resolve));
        await queue.add("echo", { id, list: "replies", message });
        return answer;
      },
      [worker.pid],
      async () => {
        isOpen = false;
        reader.disconnect();
        await reading;
        await queue.close();
        connection.disconnect();
        await ended(worker);
      },
    );
  },
};
