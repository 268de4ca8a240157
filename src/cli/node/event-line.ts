/** What the log says of something that happened on a node. */
import { inspect } from "node:util";
import { show } from "../../config/show.js";
import type { NodeEvent } from "../../distributed/node/start-node.js";
import { oneLine, truncate } from "../../progress/display-width.js";
import { controlFree } from "../control-free.js";

export type Level = "INFO" | "WARN" | "ERROR";

export interface EventLine {
  readonly level: Level;
  readonly text: string;
  /** Lines that follow: where an error comes from. */
  readonly detail?: string | undefined;
  /** The part of the text that tells how it went. */
  readonly mark?: { readonly word: string; readonly isGood: boolean } | undefined;
}

/** Values stand in one line with their task. */
const VALUE_WIDTH = 60;

type Teller = (event: NodeEvent) => EventLine;

const TELLERS: Readonly<Partial<Record<NodeEvent["kind"], Teller>>> = {
  "task-received": (event) => info(`${task(event)} received`),
  "task-succeeded": (event) => ({
    ...info(`${task(event)} succeeded${taken(event)}: ${valueOf(event["result"])}`),
    mark: { word: "succeeded", isGood: true },
  }),
  "task-failed": (event) => ({
    level: "ERROR",
    text: `${task(event)} failed${taken(event)}: ${headOf(event["error"])}`,
    detail: restOf(event["error"]),
    mark: { word: "failed", isGood: false },
  }),
  "task-retry": (event) => ({
    level: "WARN",
    text: `${task(event)} retry in ${seconds(event["delay"], 1)}: ${headOf(event["error"])}`,
  }),
  "task-revoked": (event) => ({ level: "WARN", text: `${task(event)} revoked${because(event)}` }),
  "worker-started": (event) => info(`${worker(event)} placed here${of(event)}`),
  "worker-ended": (event) => ({
    level: event["error"] === undefined ? "INFO" : "WARN",
    text: `${worker(event)} ended${because(event)}`,
    detail: restOf(event["error"]),
  }),
  fenced: () => ({
    level: "WARN",
    text: "fenced: the broker did not hear of this node in time, so its workers were ended; it joins anew",
  }),
  "broker-away": (event) => ({ level: "WARN", text: `the broker is away${because(event)}` }),
  "broker-back": (event) =>
    info(`the broker is back${event["away"] === undefined ? "" : taken(event, "away", "after")}`),
};

/** `undefined` for what is not worth a line. */
export function eventLine(event: NodeEvent): EventLine | undefined {
  return TELLERS[event.kind]?.(event);
}

/** A task as the log calls it: `add[4f2c…]`. */
export function task(event: NodeEvent): string {
  return `${word(event["task"])}[${word(event["id"])}]`;
}

export function worker(event: NodeEvent): string {
  return `worker ${word(event["name"])}[${word(event["worker"])}]`;
}

function info(text: string): EventLine {
  return { level: "INFO", text };
}

/** What comes from elsewhere must not write on the terminal. */
function word(value: unknown): string {
  return value === undefined ? "?" : oneLine(typeof value === "string" ? value : show(value));
}

function of(event: NodeEvent): string {
  return event["owner"] === undefined ? "" : ` for ${word(event["owner"])}`;
}

function because({ reason, error }: NodeEvent): string {
  if (error !== undefined) return `: ${headOf(error)}`;
  return reason === undefined ? "" : `: ${word(reason)}`;
}

function taken(event: NodeEvent, fact = "duration", before = "in"): string {
  return event[fact] === undefined ? "" : ` ${before} ${seconds(event[fact], fact === "duration" ? 4 : 1)}`;
}

function seconds(ms: unknown, digits: number): string {
  return `${(Number(ms) / 1000).toFixed(digits)}s`;
}

function valueOf(value: unknown): string {
  const text = inspect(value, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 5,
    maxStringLength: 80,
  });
  return truncate(oneLine(text), VALUE_WIDTH, "…");
}

function headOf(error: unknown): string {
  if (!(error instanceof Error)) return word(error);
  return oneLine(`${error.name}: ${error.message}`.split("\n", 1)[0]!);
}

/** The stack, what caused it, and its own fields; without its first line. */
function restOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, ...lines] = controlFree(inspect(error)).split("\n");
  return lines.length > 0 ? lines.join("\n") : undefined;
}
