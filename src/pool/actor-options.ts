/** What the workers of a pool need of the nodes that they live on. */
import { type BrokerOptions, resolveBroker } from "../config/broker.js";
import { bytes } from "../config/bytes.js";
import { checkFields, checkRecord } from "../config/check-fields.js";
import type { Mode } from "../config/mode.js";
import { oneOf } from "../config/one-of.js";
import { show } from "../config/show.js";
import type { ActorNeed } from "../modes/executor.js";

/** What one worker takes of the room of its node, in mode `distributed`; fractions are allowed. */
export interface ActorOptions {
  /** Default: 1. */
  readonly cpus?: number | undefined;
  /** Bytes, or a text such as `"512MB"`; in a thread its heap is bounded by it, too. Default: 0. */
  readonly memory?: number | string | undefined;
  /** What nodes were said to have besides, such as `{ gpu: 1 }`. Default: none. */
  readonly resources?: Readonly<Record<string, number>> | undefined;
  /** What it runs in on its node. Default: `"thread"`. */
  readonly isolation?: "thread" | "process" | undefined;
}

/**
 * Checks what is said of nodes, and fills in the defaults.
 * @throws {TypeError | RangeError} naming the option, its value, and what it must be
 */
export function resolveActor(
  mode: Mode,
  broker: string | BrokerOptions | undefined,
  actor: ActorOptions = {},
): ActorNeed | undefined {
  checkFields("actor", actor, ["cpus", "memory", "resources", "isolation"]);
  const { resources = {} } = actor;
  checkRecord("actor.resources", resources);
  const need = {
    cpus: amount("actor.cpus", actor.cpus ?? 1),
    memory: bytes("actor.memory", actor.memory ?? 0),
    resources: Object.fromEntries(
      Object.entries(resources).map(([name, value]) => [name, amount(`actor.resources.${name}`, value)]),
    ),
    isolation: oneOf("actor.isolation", actor.isolation ?? "thread", ["thread", "process"] as const),
  };
  // Where the broker is does not matter to pools that need none: the environment may say anything.
  if (mode !== "distributed" && broker === undefined) return undefined;
  return { ...need, broker: resolveBroker(broker) };
}

function amount(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(`Cannot set '${name}' as it must be a number from 0: current value is ${show(value)}`);
}
