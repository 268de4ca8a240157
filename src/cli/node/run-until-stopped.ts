/** The life of a node as a command: it starts, runs, and ends by signals. */
import { once } from "node:events";
import { LONGEST_TIMER } from "../../config/duration.js";
import type { ClusterNode, NodeEvent } from "../../distributed/node/start-node.js";
import { EXIT } from "../command.js";
import { Interruption } from "../interruption.js";
import { Activity } from "./activity.js";
import type { NodeLog } from "./node-log.js";

/** How often a node that stops says what it waits for, in ms. */
const REMINDER_MS = 10_000;
/** How long an end may take in which nothing runs any more, in ms. */
const IDLE_MS = 5000;
/** How long a hurried end may take, in ms. */
const HURRY_MS = 2000;

export interface RunSettings {
  readonly log: NodeLog;
  /** How long what runs may go on after the first signal, in ms; by default as long as it takes. */
  readonly grace: number | undefined;
  /** Called once it has started. */
  readonly ready: (node: ClusterNode) => void;
}

/**
 * Starts a node and runs it until a signal: the first stops it warmly, the second at once, the third ends the process.
 * @returns the exit code
 */
export async function runUntilStopped(
  start: (onEvent: (event: NodeEvent) => void) => Promise<ClusterNode>,
  { log, grace, ready }: RunSettings,
): Promise<number> {
  const activity = new Activity();
  const { promise: hurried, resolve: hurry } = deferred();
  using interruption = new Interruption(() => log.say("stopping", "WARN", stoppingText(activity)), hurry);
  const { signal } = interruption;
  let hasJoined = false;
  // What is taken before it has said who it is.
  let early: NodeEvent[] | undefined = [];
  const starting = start((event) => {
    activity.take(event);
    if (event.kind === "ready" && hasJoined) log.event(event, { level: "INFO", text: "the node has joined anew" });
    else if (early && /^(?:task|worker)-/.test(event.kind)) early.push(event);
    else log.event(event);
    hasJoined ||= event.kind === "ready";
  });
  const node = await Promise.race([starting, hurried]);
  if (!node) return interruption.exitCode!;
  if (!signal.aborted) ready(node);
  for (const event of early) log.event(event);
  early = undefined;
  if (!signal.aborted) await Promise.race([once(signal, "abort"), node.closed]);
  if (!signal.aborted) {
    log.say("stopped", "ERROR", "the node has ended by itself");
    return EXIT.incomplete;
  }
  const reminder = setInterval(() => remind(log, activity), REMINDER_MS);
  const { promise: idle, resolve: giveUp } = deferred();
  const watch = new IdleWatch(activity, giveUp);
  const stopped = node.stop({ timeout: grace ?? LONGEST_TIMER }).then(() => true);
  const isWarm = await Promise.race([stopped, hurried, idle]).finally(() => {
    clearInterval(reminder);
    watch.stop();
  });
  if (isWarm) {
    log.say("stopped", "INFO", "stopped");
    return EXIT.done;
  }
  stopped.catch(() => {});
  const runs = activity.describe();
  const how = watch.isOver ? "ended, though the broker does not answer" : "ended at once";
  log.say("stopped", "WARN", `${how}${runs === undefined ? "" : `, with ${runs}`}`);
  await atOnce(node);
  return watch.isOver ? EXIT.incomplete : interruption.exitCode!;
}

/** Gives up a stop that takes long although nothing runs: the broker is away. */
class IdleWatch {
  readonly #timer: NodeJS.Timeout;
  #idleSince: number | undefined;
  isOver = false;

  constructor(activity: Activity, giveUp: () => void) {
    this.#timer = setInterval(() => {
      if (activity.describe() !== undefined) this.#idleSince = undefined;
      else this.#idleSince ??= performance.now();
      if (this.#idleSince === undefined || performance.now() - this.#idleSince < IDLE_MS) return;
      this.isOver = true;
      giveUp();
    }, IDLE_MS / 10);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function deferred(): { promise: Promise<undefined>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<undefined>((done) => (resolve = () => done(undefined)));
  return { promise, resolve };
}

function stoppingText(activity: Activity): string {
  const runs = activity.describe();
  if (runs === undefined) return "stopping: nothing runs";
  return `stopping: no more is taken, waiting for ${runs}; once more ends them at once`;
}

function remind(log: NodeLog, activity: Activity): void {
  const runs = activity.describe();
  if (runs !== undefined) log.say("waiting", "INFO", `still waiting for ${runs}`);
}

async function atOnce(node: ClusterNode): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, HURRY_MS)));
  try {
    await Promise.race([node.kill(), late]);
  } finally {
    clearTimeout(timer);
  }
}
