/** `manyhands node`: gives this machine's room to workers and tasks of others, until it is told to stop. */
import { resolveBroker } from "../../config/broker.js";
import { hasColours } from "../../progress/terminal.js";
import { reachBroker } from "../broker/reach-broker.js";
import type { Command, CommandContext } from "../command.js";
import { readDuration, readFlag } from "../read-value.js";
import { version } from "../version.js";
import { banner } from "./banner.js";
import { NodeLog } from "./node-log.js";
import { NODE_OPTIONS } from "./node-options.js";
import { readNode } from "./read-node.js";
import { runUntilStopped } from "./run-until-stopped.js";

/** How often it is said that modules take long to load, in ms. */
const SLOW_LOAD_MS = 10_000;

export const nodeCommand: Command = {
  name: "node",
  summary: "run workers and tasks of others on this machine",
  usage: "MODULE... [options]",
  details: [
    "Joins a broker, a Redis server, and runs what the modules define with worker() and task(), and nothing else: " +
      "workers of pools in mode 'distributed', and tasks that were called by delay(). Modules may be TypeScript; a " +
      "pattern such as './workers/*.js' stands for several.",
    "It needs the packages ioredis and bullmq: npm install ioredis bullmq.",
    "The first Ctrl-C or SIGTERM ends it warmly: it takes no more, and what runs may end. The second ends it at once: " +
      "its tasks run again elsewhere. With --json all that happens is told on standard output, one line of JSON each.",
  ],
  options: NODE_OPTIONS,
  examples: [
    "manyhands node ./workers.js",
    "manyhands node --redis redis://host:6379 --cpus 8 --memory 16GB ./workers.js",
    "manyhands node --resource gpu=1 --queue default --queue images ./tasks.ts",
  ],
  exitCodes:
    "Exit codes: 0 stopped warmly, 1 it failed or lost its broker, 2 wrong usage or modules that cannot be loaded, " +
    "130 or 143 ended at once by a second signal.",
  run: runNode,
};

async function runNode({ values, positionals, streams }: CommandContext): Promise<number> {
  const options = readNode(values, positionals);
  const grace = readDuration(values, "grace");
  const log = new NodeLog(streams, { isJson: readFlag(values, "json"), isQuiet: readFlag(values, "quiet") });
  const broker = resolveBroker(options.broker);
  // No other command needs them.
  const [{ loadDefinitions }, { startNode }] = await Promise.all([
    import("../../distributed/definitions/load-definitions.js"),
    import("../../distributed/node/start-node.js"),
  ]);
  const slow = setInterval(() => log.say("loading", "WARN", "still loading the modules"), SLOW_LOAD_MS);
  const definitions = await loadDefinitions(options.modules, true).finally(() => clearInterval(slow));
  const patience = broker.brokerTimeout;
  const away = (reason: string): void => {
    log.say("broker-away", "WARN", `the broker is away: ${reason}: trying for ${patience / 1000} s`);
  };
  (await reachBroker(broker, away, patience)).disconnect();
  return runUntilStopped((onEvent) => startNode({ ...options, onEvent }), {
    log,
    grace,
    ready: ({ facts }) => {
      const shown = { facts, broker, definitions: definitions.values(), version: version() };
      log.show(banner(shown, hasColours(streams.stderr, process.env)));
      log.say("listening", "INFO", `${facts.name} is ready`);
    },
  });
}
