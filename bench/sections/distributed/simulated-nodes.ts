/** Many nodes in a few processes, as the broker and callers see them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { ended } from "./redis-process.js";

/** What all nodes know. */
export const DEFINITION = { name: "Simulated", version: "1", format: 15 };

export interface NodesOrder {
  readonly broker: { readonly url: string; readonly prefix: string };
  /** What their ids begin with. */
  readonly name: string;
  readonly count: number;
  /** Of each. */
  readonly cpus: number;
}

/** A process with nodes. */
export interface SimulatedNodes {
  readonly process: ChildProcess;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

export async function startNodes(order: NodesOrder): Promise<SimulatedNodes> {
  const child = fork(new URL("simulated-nodes-program.js", import.meta.url), [JSON.stringify(order)]);
  const [said] = (await Promise.race([once(child, "message"), once(child, "exit")])) as unknown[];
  if (said !== "ready") throw new Error(`Cannot simulate ${order.count} nodes as their process said ${String(said)}`);
  return { process: child, kill: () => ended(child) };
}
