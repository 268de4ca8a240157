/** Started by `startNodes`: nodes with all that they say to the broker, and no workers; what they are sent they send back. */
import { NodeMembership, resolveBroker } from "./internals.js";
import { DEFINITION, type NodesOrder } from "./simulated-nodes.js";

/** Joined at once. */
const AT_ONCE = 20;

const order = JSON.parse(process.argv[2]!) as NodesOrder;
const broker = resolveBroker(order.broker);

async function openNode(index: number): Promise<void> {
  const owners = new Set<string>();
  const id = `${order.name}-${index}`;
  await NodeMembership.open(
    broker,
    {
      id,
      name: id,
      host: "simulated",
      pid: process.pid,
      cpus: order.cpus,
      memory: 2 ** 30,
      resources: {},
      definitions: { [DEFINITION.name]: DEFINITION.version },
      node: process.version,
      version: "0.0.0",
      format: DEFINITION.format,
      startedAt: Date.now(),
      queues: ["default"],
    },
    {
      owners: () => [...owners],
      renewed: () => {},
      ownersDied: (dead) => {
        for (const owner of dead) owners.delete(owner);
      },
      received: (from, records, itself) => {
        owners.add(from);
        for (const { link, kind, payload } of records) itself.send(from, link, kind, payload);
      },
      broken: () => {},
      lost: () => process.send!("lost"),
      connection: () => {},
    },
  );
}

for (let from = 0; from < order.count; from += AT_ONCE) {
  const some = Array.from({ length: Math.min(AT_ONCE, order.count - from) }, (_, index) => openNode(from + index));
  await Promise.all(some);
}
process.once("disconnect", () => process.exit());
process.send!("ready");
