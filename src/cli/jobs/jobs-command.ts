/** `manyhands jobs`: what is in the queues of tasks. */
import { closest } from "../../config/closest.js";
import { oneOf } from "../../config/one-of.js";
import { hasColours } from "../../progress/terminal.js";
import { BROKER_OPTIONS, readBroker } from "../broker/broker-options.js";
import { reachBroker } from "../broker/reach-broker.js";
import { type Command, type CommandContext, EXIT, type OptionValues } from "../command.js";
import { readCount, readFlag, readText } from "../read-value.js";
import { terminalWidth } from "../terminal-width.js";
import { UsageError } from "../usage-error.js";
import { JOB_STATES, type JobState, JobStore, type StoredJob } from "./job-store.js";
import { countsText, jobText, listText } from "./jobs-text.js";

const LIMIT = 20;
const ACTIONS = ["show", "retry", "revoke"] as const;

export const jobsCommand: Command = {
  name: "jobs",
  summary: "what is in the queues of tasks",
  usage: "[show ID | retry ID | revoke ID] [options]",
  details: [
    "Without arguments it counts the jobs of each queue; with --state it lists them, the newest first. A job is delayed " +
      "while its countdown has not passed, while it waits for its next attempt, or for results among its arguments.",
    "show tells all of a job; retry puts one that has ended back into its queue; revoke sees to it that it is not run, " +
      "and tells one that runs to end. It needs the packages ioredis and bullmq.",
  ],
  options: {
    "Where it looks": BROKER_OPTIONS,
    "Which it lists": {
      state: {
        type: "string",
        value: "STATE",
        help: `List those that are ${JOB_STATES.slice(0, -1).join(", ")} or failed`,
      },
      queue: { type: "string", value: "NAME", help: "Only of this queue" },
      limit: { type: "string", value: "N", help: `At most so many (default: ${LIMIT})` },
    },
    "How it revokes": {
      terminate: { type: "boolean", help: "End the thread of a task that runs on for a second" },
    },
  },
  examples: [
    "manyhands jobs",
    "manyhands jobs --state failed --queue default",
    "manyhands jobs show 5f0c2b1e-9a64-4c0f-8a5e-0d5f8f1f6f3a",
    "manyhands jobs --state failed --json | jq -r .jobs[].id",
  ],
  exitCodes: "Exit codes: 0 done, 1 there is no such job or the broker is away, 2 wrong usage.",
  run: runJobs,
};

async function runJobs(context: CommandContext): Promise<number> {
  const request = readRequest(context);
  const broker = readBroker(context.values);
  const connection = await reachBroker(broker);
  try {
    await using store = new JobStore(connection, broker.prefix);
    return await ("id" in request ? act(store, request, context) : look(store, request, context));
  } finally {
    connection.disconnect();
  }
}

interface Action {
  readonly action: (typeof ACTIONS)[number];
  readonly id: string;
}

interface Look {
  readonly state: JobState | undefined;
  readonly queue: string | undefined;
  readonly limit: number;
}

function readRequest({ values, positionals }: CommandContext): Action | Look {
  const [given, id, ...others] = positionals;
  const state = readText(values, "state");
  const limit = readCount(values, "limit", 1);
  const queue = readText(values, "queue");
  if (given === undefined) {
    if (limit !== undefined && state === undefined) {
      throw new UsageError("Cannot set '--limit' as jobs are counted, not listed: add --state");
    }
    const known = state === undefined ? undefined : oneOf("--state", state, JOB_STATES);
    return { state: known, queue, limit: limit ?? LIMIT };
  }
  const action = ACTIONS.find((each) => each === given);
  if (!action) {
    const hint = closest(given, ACTIONS);
    throw new UsageError(
      `Cannot '${given}' jobs as there is no such action: ${hint ? `did you mean '${hint}'?` : "show, retry or revoke"}`,
    );
  }
  if (id === undefined) throw new UsageError(`Cannot ${action} a job as no id was given: manyhands jobs ${action} ID`);
  if (others.length > 0) throw new UsageError(`Cannot ${action} '${others[0]}' too as it is one job at a time`);
  if ((state ?? queue ?? limit) !== undefined) {
    throw new UsageError(`Cannot ${action} a job with --state, --queue or --limit as its id says all: leave them out`);
  }
  if (action !== "revoke" && readFlag(values, "terminate")) {
    throw new UsageError(`Cannot ${action} a job with --terminate as it says how to revoke: leave it out`);
  }
  return { action, id };
}

async function look(store: JobStore, { state, queue, limit }: Look, context: CommandContext): Promise<number> {
  const all = await store.queues();
  if (queue !== undefined && !all.includes(queue)) throw noSuchQueue(queue, all);
  const queues = queue === undefined ? all : [queue];
  const { stdout } = context.streams;
  const isJson = readFlag(context.values, "json");
  const settings = { width: terminalWidth(stdout), isColoured: hasColours(stdout, process.env) };
  if (state === undefined) {
    const counts = await Promise.all(queues.map(async (name) => store.counts(name)));
    write(context, isJson ? { queues: counts } : countsText(counts, settings));
    return EXIT.done;
  }
  const lists = await Promise.all(queues.map(async (name) => store.list(name, state, limit)));
  const jobs = lists
    .flat()
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(0, limit);
  write(context, isJson ? { jobs } : listText(jobs, Date.now(), settings));
  return EXIT.done;
}

async function act(store: JobStore, { action, id }: Action, context: CommandContext): Promise<number> {
  const job = await store.find(id);
  if (!job) {
    throw new Error(`Cannot ${action} '${id}' as there is no such job: it never was, or is kept no longer`);
  }
  const isJson = readFlag(context.values, "json");
  if (action === "show") {
    const { stdout } = context.streams;
    write(context, isJson ? { job } : jobText(job, Date.now(), { isColoured: hasColours(stdout, process.env) }));
    return EXIT.done;
  }
  if (action === "retry") await retry(store, job);
  else await revoke(job, context.values);
  write(
    context,
    isJson ? { id, action } : `${job.task} ${id}: ${action === "retry" ? "is in its queue again" : "revoked"}\n`,
  );
  return EXIT.done;
}

async function retry(store: JobStore, { id, state }: StoredJob): Promise<void> {
  if (state !== "failed" && state !== "succeeded") {
    throw new Error(`Cannot retry '${id}' as it has not ended: it is ${state ?? "in no known state"}`);
  }
  await store.retry(id, state);
}

async function revoke({ id, state }: StoredJob, values: OptionValues): Promise<void> {
  if (state === "failed" || state === "succeeded")
    throw new Error(`Cannot revoke '${id}' as it has ended: it ${state}`);
  // No other command needs it.
  const { asyncResult } = await import("../../distributed/tasks/delay-task.js");
  await asyncResult(id, { broker: readBroker(values) }).revoke({ terminate: readFlag(values, "terminate") });
}

function noSuchQueue(queue: string, all: readonly string[]): UsageError {
  const hint = closest(queue, all);
  return new UsageError(
    `Cannot find the queue '${queue}' as it was never used: ${hint ? `did you mean '${hint}'?` : "see manyhands jobs"}`,
  );
}

function write({ streams }: CommandContext, answer: object | string): void {
  streams.stdout.write(typeof answer === "string" ? answer : `${JSON.stringify({ exitCode: EXIT.done, ...answer })}\n`);
}
