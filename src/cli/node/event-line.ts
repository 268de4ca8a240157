/** What the log says of something that happened on a node. */
import { inspect } from "node:util";
import { show } from "../../config/show.js";
import type { NodeEvent } from "../../distributed/node/start-node.js";
import type { CrashDetails } from "../../errors.js";
import { describeDeath } from "../../pool/describe-death.js";
import { oneLine } from "../../progress/display-width.js";
import { controlFree } from "../control-free.js";
import { resultText } from "./result-text.js";

export type Level = "INFO" | "WARN" | "ERROR";

export interface EventLine {
  readonly level: Level;
  readonly text: string;
  /** Lines that follow: where an error comes from. */
  readonly detail?: string | undefined;
  /** The part of the text that tells how it went. */
  readonly mark?: { readonly word: string; readonly isGood: boolean } | undefined;
}

type Teller = (event: NodeEvent) => EventLine;

const TELLERS: Readonly<Record<string, Teller | undefined>> = {
  "task-received": (event) => info(`${task(event)} received`),
  "task-succeeded": (event) => ({
    ...info(`${task(event)} succeeded${taken(event)}: ${resultText(event["result"])}`),
    mark: { word: "succeeded", isGood: true },
  }),
  "task-failed": (event) => {
    // Nothing went wrong in it.
    if (event["state"] === "expired")
      return { level: "WARN", text: `${task(event)} expired: ${headOf(event["error"])}` };
    return {
      level: "ERROR",
      text: `${task(event)} failed${taken(event)}: ${headOf(event["error"])}`,
      detail: restOf(event["error"]),
      mark: { word: "failed", isGood: false },
    };
  },
  "task-retry": (event) => ({
    level: "WARN",
    text: `${task(event)} retry in ${Number((Number(event["delay"]) / 1000).toFixed(3))}s: ${headOf(event["error"])}`,
  }),
  "task-revoked": (event) => ({ level: "WARN", text: `${task(event)} revoked${because(event)}` }),
  "task-unknown": (event) => ({
    level: "WARN",
    text: `${task(event)} left to other nodes: no module of this one defines it`,
  }),
  "worker-started": (event) => info(`${worker(event)} placed here${of(event)}`),
  "worker-ended": (event) => {
    const death = event as NodeEvent & Partial<CrashDetails>;
    if (isExpected(death)) return info(`${worker(event)} ended`);
    return { level: "WARN", text: `${worker(event)} ${oneLine(describeDeath(death as CrashDetails, undefined))}` };
  },
  fenced: () => ({
    level: "WARN",
    text: "fenced: the broker did not hear of this node in time, so its workers were ended; it joins anew",
  }),
  "broker-away": (event) => ({ level: "WARN", text: `the broker is away${because(event)}` }),
  "broker-back": () => info("the broker is back"),
  "broker-error": (event) => ({ level: "WARN", text: `the broker: ${word(event["error"])}` }),
};

/** `undefined` for what is not worth a line. */
export function eventLine(event: NodeEvent): EventLine | undefined {
  return TELLERS[event.kind]?.(event);
}

/** A task as the log calls it: `add[4f2c…]`. */
export function task(event: NodeEvent): string {
  return `${word(event["name"])}[${word(event["id"])}]`;
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

/** Its caller wants it no more, or it left when it was asked to. */
function isExpected({ reason, exitCode }: Partial<CrashDetails>): boolean {
  return reason === undefined || reason === "terminated" || (reason === "exit" && (exitCode ?? 0) === 0);
}

function because({ error }: NodeEvent): string {
  return error === undefined ? "" : `: ${headOf(error)}`;
}

function taken({ ran }: NodeEvent): string {
  return ran === undefined ? "" : ` in ${(Number(ran) / 1000).toFixed(4)}s`;
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
