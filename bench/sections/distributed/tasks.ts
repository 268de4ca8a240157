import { BULLMQ } from "../../peers/distributed/bullmq.js";
import { CELERY } from "../../peers/distributed/celery.js";
import { tasks } from "../../peers/distributed/manyhands.js";
import type { Section } from "../../section.js";
import { measureRemote } from "./remote-calls.js";

const PEERS = [tasks("manyhands, 2 at once", 2), tasks("manyhands, 100 at once", 100), BULLMQ, CELERY];

/** Tasks that are kept in the broker until they are done, beside what is like them. */
export const tasksSection: Section = {
  name: "tasks",
  run: (context) =>
    measureRemote(
      "`(await echo.delay({ x })).get()`",
      PEERS,
      [
        "manyhands: one node, whose threads run the tasks. BullMQ: one worker of concurrency 100, in its event loop. Celery: 2 processes, called from Python.",
      ],
      context,
    ),
};
