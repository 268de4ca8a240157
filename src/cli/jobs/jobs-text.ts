/** What `manyhands jobs` shows. */
import { oneLine } from "../../progress/display-width.js";
import { CYAN, coloured } from "../../progress/theme.js";
import { age } from "../age.js";
import { controlFree } from "../control-free.js";
import { type Column, table, type TableSettings } from "../table.js";
import { JOB_STATES, type JobCounts, type StoredJob } from "./job-store.js";

const LABEL = 10;
const LIST: readonly Column[] = [
  { title: "ID" },
  { title: "TASK", least: 8 },
  { title: "QUEUE", least: 7 },
  { title: "AGE", isRight: true },
  { title: "RUNS", isRight: true },
  { title: "ERROR", least: 10 },
];

/** One line for each queue. */
export function countsText(counts: readonly JobCounts[], settings: TableSettings): string {
  if (counts.length === 0) return "There are no queues: none was used since the broker was started with this prefix\n";
  const columns = [
    { title: "QUEUE", least: 8 },
    ...JOB_STATES.map((state) => ({ title: state.toUpperCase(), isRight: true })),
  ];
  const rows = counts.map((each) => [each.queue, ...JOB_STATES.map((state) => String(each[state]))]);
  return lines(table(columns, rows, settings));
}

/** One line for each job. */
export function listText(jobs: readonly StoredJob[], now: number, settings: TableSettings): string {
  if (jobs.length === 0) return "There are no such jobs\n";
  const isOneQueue = jobs.every(({ queue }) => queue === jobs[0]!.queue);
  const rows = jobs.map(({ id, task, queue, createdAt, attempts, error }) => [
    id,
    task,
    isOneQueue ? "" : queue,
    age(now - createdAt),
    String(attempts),
    error?.split("\n", 1)[0] ?? "",
  ]);
  return lines(table(LIST, rows, settings));
}

/** All that is known of a job. */
export function jobText(job: StoredJob, now: number, { isColoured }: TableSettings): string {
  const { startedAt, endedAt, data, result, progress, error, stack } = job;
  const { args, ...rest } = typeof data === "object" && data !== null ? (data as { args?: unknown }) : { args: data };
  const ago = (at: number): string => `${new Date(at).toISOString()}, ${age(now - at)} ago`;
  const ran =
    startedAt !== undefined && endedAt !== undefined ? `, ran ${((endedAt - startedAt) / 1000).toFixed(3)} s` : "";
  const rows: [label: string, text: string | undefined][] = [
    ["queue", job.queue],
    ["state", job.state ?? "unknown"],
    ["runs", String(job.attempts)],
    ["created", ago(job.createdAt)],
    ["started", startedAt === undefined ? undefined : ago(startedAt)],
    ["ended", endedAt === undefined ? undefined : ago(endedAt) + ran],
    ["arguments", json(args)],
    ["data", Object.keys(rest).length === 0 ? undefined : json(rest)],
    ["progress", progress === undefined ? undefined : json(progress)],
    ["result", result === undefined ? undefined : json(result)],
    ["error", error],
  ];
  return lines([
    coloured(oneLine(`${job.task} ${job.id}`), CYAN, isColoured),
    ...rows.flatMap(([label, text]) => (text === undefined ? [] : [`  ${label.padEnd(LABEL)}${oneLine(text)}`])),
    ...(stack === undefined ? [] : [controlFree(withoutHead(stack, error))]),
  ]);
}

/** The error is told already. */
function withoutHead(stack: string, error: string | undefined): string {
  return error !== undefined && stack.startsWith(`${error}\n`) ? stack.slice(error.length + 1) : stack;
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? "";
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
