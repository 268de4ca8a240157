/** `manyhands nodes`: who is there, what room they have, and who waits for it. */
import { Members } from "../../distributed/members/members.js";
import { hasColours } from "../../progress/terminal.js";
import { BROKER_OPTIONS, readBroker } from "../broker/broker-options.js";
import { reachBroker } from "../broker/reach-broker.js";
import { type Command, type CommandContext, EXIT } from "../command.js";
import { readFlag } from "../read-value.js";
import { terminalWidth } from "../terminal-width.js";
import { UsageError } from "../usage-error.js";
import { clusterText } from "./cluster-text.js";

export const nodesCommand: Command = {
  name: "nodes",
  summary: "who gives room at a broker, and who waits for it",
  usage: "[options]",
  details: [
    "One line for each node: what is taken of its room, its workers, and the versions it runs. Then the workers that " +
      "wait, with what is missing. --long tells all of a node: id, process, lease, queues, definitions, workers.",
  ],
  options: {
    "Where it looks": BROKER_OPTIONS,
    "What it shows": { long: { type: "boolean", short: "l", help: "All that is known of each node" } },
  },
  examples: [
    "manyhands nodes",
    "manyhands nodes --redis redis://host:6379 --long",
    "manyhands nodes --json | jq .nodes",
  ],
  exitCodes: "Exit codes: 0 done, also where there are no nodes, 1 the broker is away, 2 wrong usage.",
  run: runNodes,
};

async function runNodes({ values, positionals, streams }: CommandContext): Promise<number> {
  if (positionals.length > 0) {
    throw new UsageError(`Cannot show '${positionals[0]}' as all nodes are shown: leave it out`);
  }
  const broker = readBroker(values);
  const connection = await reachBroker(broker);
  try {
    const members = new Members(connection, broker);
    const cluster = { nodes: await members.nodes(), waiting: await members.waitingFor(), now: Date.now() };
    const { stdout } = streams;
    if (readFlag(values, "json")) {
      const { nodes, waiting } = cluster;
      stdout.write(`${JSON.stringify({ exitCode: EXIT.done, nodes, waiting })}\n`);
    } else {
      stdout.write(
        clusterText(cluster, {
          isLong: readFlag(values, "long"),
          width: terminalWidth(stdout),
          isColoured: hasColours(stdout, process.env),
        }),
      );
    }
    return EXIT.done;
  } finally {
    connection.disconnect();
  }
}
