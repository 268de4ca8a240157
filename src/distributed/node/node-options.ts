/** The options of a node: their meaning, their defaults, and what is refused. */
import { availableParallelism, freemem, hostname } from "node:os";
import { type BrokerOptions, type ResolvedBroker, resolveBroker } from "../../config/broker.js";
import { bytes } from "../../config/bytes.js";
import { atLeast } from "../../config/at-least.js";
import { checkFields, checkRecord } from "../../config/check-fields.js";
import { checkFunction } from "../../config/check-function.js";
import { show } from "../../config/show.js";
import type { NodeEvent } from "./node-event.js";

/** Options of a node. */
export interface NodeOptions {
  /** The broker to join: its url, or options. Default: see `BrokerOptions`. */
  readonly broker?: string | BrokerOptions | undefined;
  /** Modules that call `worker()` and `task()`: paths, from the working directory on, or URLs. */
  readonly modules: readonly string[];
  /** What it has for workers. Default: as many as the machine has for this process. */
  readonly cpus?: number | undefined;
  /** How many tasks run at once. Default: `cpus`, and 1 at least. */
  readonly concurrency?: number | undefined;
  /** The same of memory: bytes, or a text such as `"16GB"`. Default: four fifths of what is free. */
  readonly memory?: number | string | undefined;
  /** What else workers may ask for, such as `{ gpu: 1 }`. Default: nothing. */
  readonly resources?: Readonly<Record<string, number>> | undefined;
  /** What it is called in lists. Default: the name of the machine. */
  readonly name?: string | undefined;
  /** The queues whose tasks it runs. Default: `["default"]`. */
  readonly queues?: readonly string[] | undefined;
  /** Told of what happens. */
  readonly onEvent?: ((event: NodeEvent) => void) | undefined;
}

/** With every default filled in. */
export interface ResolvedNode {
  readonly broker: ResolvedBroker;
  readonly modules: readonly string[];
  readonly cpus: number;
  readonly concurrency: number;
  readonly memory: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly name: string;
  readonly queues: readonly string[];
  readonly onEvent: (event: NodeEvent) => void;
}

const FIELDS = ["broker", "modules", "cpus", "concurrency", "memory", "resources", "name", "queues", "onEvent"];
/** Of free memory: the rest is for this process and for what else the machine does. */
const SHARE_OF_MEMORY = 0.8;

/** @throws {TypeError | RangeError} naming the option, its value, and what it must be */
export function resolveNode(options: NodeOptions): ResolvedNode {
  checkFields("node", options, FIELDS);
  const { resources = {}, queues = ["default"], onEvent = () => {}, name = hostname() } = options;
  checkRecord("resources", resources);
  checkFunction("onEvent", onEvent);
  if (typeof name !== "string" || name === "") throw notText("name", name);
  const cpus = amount("cpus", options.cpus ?? availableParallelism());
  return {
    broker: resolveBroker(options.broker),
    modules: texts("modules", options.modules),
    cpus,
    concurrency: atLeast("concurrency", options.concurrency ?? Math.max(1, Math.floor(cpus)), 1),
    memory: bytes("memory", options.memory ?? Math.floor(freemem() * SHARE_OF_MEMORY)),
    resources: Object.fromEntries(
      Object.entries(resources).map(([one, value]) => [one, amount(`resources.${one}`, value)]),
    ),
    name,
    queues: texts("queues", queues),
    onEvent,
  };
}

function amount(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(`Cannot set '${name}' as it must be a number from 0: current value is ${show(value)}`);
}

function texts(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === "string" && one !== "")) return value;
  throw new TypeError(`Cannot set '${name}' as it must be a list of texts: current value is ${show(value)}`);
}

function notText(name: string, value: unknown): TypeError {
  return new TypeError(`Cannot set '${name}' as it must be a text: current value is ${show(value)}`);
}
