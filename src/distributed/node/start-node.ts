/** Starts a node: what `manyhands node` runs. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { duration } from "../../config/duration.js";
import { FORMAT } from "../caller/cluster.js";
import { loadDefinitions } from "../definitions/load-definitions.js";
import type { NodeFacts } from "../members/members.js";
import { TaskRunner } from "../tasks/task-runner.js";
import { withinTimeout } from "../broker/within.js";
import { definitionFor } from "../../definitions/definition.js";
// Makes it known what a pool of it is.
import "../../task-pool.js";
import { taskRunner } from "../../task-runner.js";
import { Agent } from "./agent.js";
import { type NodeOptions, resolveNode } from "./node-options.js";

export type { NodeEvent } from "./node-event.js";
export type { NodeOptions } from "./node-options.js";
export type { NodeFacts } from "../members/members.js";

/** A node that has joined a broker. */
export interface ClusterNode extends AsyncDisposable {
  /** Its id; another after it was silent for too long and joined anew. */
  readonly id: string;
  readonly facts: NodeFacts;
  /**
   * Takes no more work and lets what runs end, for `timeout` ms at most (default: 30,000); then ends.
   * @throws {RangeError} when `timeout` is not valid
   */
  stop(options?: { timeout?: number }): Promise<void>;
  /** Ends at once, whatever runs. */
  kill(): Promise<void>;
  /** Resolves when it has ended. */
  readonly closed: Promise<void>;
}

const STOP_WITHIN_MS = 30_000;

/**
 * Joins a broker with this process, to run workers and tasks that these modules define.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @throws {DefinitionError} for modules that are not there, throw, or define nothing
 * @throws {BrokerUnavailableError} when the broker does not answer within `brokerTimeout`
 * @throws {MissingPackageError} when `ioredis` or `bullmq` is not installed
 * @example
 * await using node = await startNode({ broker: "redis://127.0.0.1:6379", modules: ["./workers.js"], cpus: 2 });
 */
export async function startNode(options: NodeOptions): Promise<ClusterNode> {
  const resolved = resolveNode(options);
  const definitions = await loadDefinitions(resolved.modules);
  const runsFunctions = definitionFor(taskRunner);
  definitions.set(runsFunctions.name, runsFunctions);
  const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const startedAt = Date.now();
  const describe = (): NodeFacts => ({
    id: Math.random().toString(36).slice(2, 12),
    name: resolved.name,
    host: hostname(),
    pid: process.pid,
    cpus: resolved.cpus,
    memory: resolved.memory,
    resources: resolved.resources,
    definitions: Object.fromEntries([...definitions].map(([name, one]) => [name, one.version])),
    node: process.version,
    version,
    format: FORMAT,
    startedAt,
    queues: resolved.queues,
  });
  const { broker, concurrency, queues, onEvent } = resolved;
  const agent = new Agent(resolved, definitions, describe);
  const tasks = new Map([...definitions].filter(([, { kind }]) => kind === "task"));
  const runner =
    tasks.size > 0 && queues.length > 0
      ? new TaskRunner({ broker, definitions: tasks, concurrency, queues, onEvent: onEvent as (event: object) => void })
      : undefined;
  await agent.join();
  try {
    if (runner) await withinTimeout(runner.start(), broker, "take tasks");
  } catch (error) {
    await Promise.all([agent.end(), runner!.kill()]);
    throw error;
  }
  let onClosed = (): void => {};
  const closed = new Promise<void>((resolve) => (onClosed = resolve));
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    ending ??= Promise.all([agent.end(), runner?.kill()]).then(() => onClosed());
    await ending;
  };
  const stop: ClusterNode["stop"] = async ({ timeout = STOP_WITHIN_MS } = {}) => {
    const within = duration("timeout", timeout);
    await Promise.all([agent.drain(within), runner?.stop({ timeout: within })]);
    await end();
  };
  return {
    get id() {
      return agent.facts.id;
    },
    get facts() {
      return agent.facts;
    },
    stop,
    kill: end,
    closed,
    [Symbol.asyncDispose]: () => stop(),
  };
}
