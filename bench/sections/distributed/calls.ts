import { BULLMQ, BULLMQ_REPLIES } from "../../peers/distributed/bullmq.js";
import { CELERY } from "../../peers/distributed/celery.js";
import { pool } from "../../peers/distributed/manyhands.js";
import type { Section } from "../../section.js";
import { measureRemote } from "./remote-calls.js";

const PEERS = [
  pool("manyhands"),
  ...[2, 8, 32].map((ahead) => pool(`manyhands, maxQueuedTasks: ${ahead}`, ahead)),
  BULLMQ,
  BULLMQ_REPLIES,
  CELERY,
];

/** Calls of a pool whose workers live on a node, beside jobs whose results are waited for. */
export const calls: Section = {
  name: "calls",
  run: (context) =>
    measureRemote(
      "Calls of `echo({ x })` in another process",
      PEERS,
      [
        "manyhands: a pool of 2 workers on one node, with default options where none is named. BullMQ: one worker of concurrency 100. Celery: 2 processes, called from Python.",
      ],
      context,
    ),
};
