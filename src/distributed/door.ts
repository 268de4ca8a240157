/** What the core uses of the outer ring; loaded by `config/outer-ring.ts`. */
import type { HostSetup } from "../modes/executor.js";
import type { Vessel, VesselEvents } from "../modes/remote-host.js";
import { clusterOf } from "./caller/cluster.js";

export { delayTask } from "./tasks/delay-task.js";

/** Finds a place on a node for a worker, and opens it there. */
export function openVessel(setup: HostSetup, events: VesselEvents): Vessel {
  return clusterOf(setup.actor!.broker).open(setup, events);
}
