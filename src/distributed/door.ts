/** What the core uses of the outer ring; loaded by `config/outer-ring.ts`. */
import { definitionFor } from "../definitions/definition.js";
import type { ActorNeed, HostSetup } from "../modes/executor.js";
import type { Vessel, VesselEvents } from "../modes/remote-host.js";
import type { Registration } from "../registry.js";
import { clusterOf } from "./caller/cluster.js";

export { delayTask } from "./tasks/delay-task.js";

/** Tells how many workers with this need the nodes have room for, when that changes. */
export function watchRoom(registration: Registration, need: ActorNeed, onRoom: (workers: number) => void): () => void {
  return clusterOf(need.broker).watchRoom({ ...need, name: definitionFor(registration).name }, onRoom);
}

/** Finds a place on a node for a worker, and opens it there. */
export function openVessel(setup: HostSetup, events: VesselEvents): Vessel {
  return clusterOf(setup.actor!.broker).open(setup, events);
}
