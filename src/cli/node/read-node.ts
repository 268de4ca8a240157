import { show } from "../../config/show.js";
import type { NodeOptions } from "../../distributed/node/start-node.js";
import { readBroker } from "../broker/broker-options.js";
import type { OptionValues } from "../command.js";
import { readList, readNumber, readText } from "../read-value.js";
import { UsageError } from "../usage-error.js";
import { expandPattern } from "./expand-pattern.js";

/**
 * Reads what the node shall be.
 * @param modules - paths of modules, or patterns of them
 * @throws {UsageError | TypeError | RangeError} naming what is at fault
 */
export function readNode(values: OptionValues, modules: readonly string[]): NodeOptions {
  if (modules.length === 0) {
    throw new UsageError(
      "Cannot start a node as no module was named: name those that call worker() and task(), as in ./workers.js",
    );
  }
  return {
    broker: readBroker(values),
    modules: [...new Set(modules.flatMap(expandPattern))],
    cpus: readNumber(values, "cpus", 0),
    concurrency: readNumber(values, "concurrency", 1),
    memory: readText(values, "memory"),
    resources: readResources(values),
    name: readText(values, "name"),
    queues: readList(values, "queue"),
  };
}

function readResources(values: OptionValues): Record<string, number> | undefined {
  const given = readList(values, "resource");
  if (!given) return undefined;
  const resources = new Map<string, number>();
  for (const text of given) {
    const [, name, amount] = /^([^=\s]+)=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
    if (name === undefined) {
      throw new UsageError(
        `Cannot set '--resource' as it must be a name and an amount, as in gpu=1: current value is ${show(text)}`,
      );
    }
    if (resources.has(name)) {
      throw new UsageError(`Cannot set '--resource' as '${name}' is set already: give one amount`);
    }
    resources.set(name, Number(amount));
  }
  return Object.fromEntries(resources);
}
