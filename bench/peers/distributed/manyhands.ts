/** This library: a pool on a node, and tasks. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ended, killAtExit } from "../../sections/distributed/redis-process.js";
import { EchoWorker, echo } from "./echo-worker.js";
import { calledHere, type RemotePeer } from "./remote-peer.js";

const COMMAND = fileURLToPath(new URL("../../../../dist/cli/main.js", import.meta.url));
const MODULE = fileURLToPath(new URL("echo-worker.js", import.meta.url));
const WORKERS = 2;

interface NodeProcess {
  readonly broker: { readonly url: string; readonly prefix: string };
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** One process. Nobody waits for it here: what needs it does. */
function startNode(url: string, prefix: string, cpus = WORKERS): NodeProcess {
  const args = [COMMAND, "node", "--quiet", "--cpus", String(cpus), "--memory", "1GB", MODULE];
  const env = { ...process.env, MANYHANDS_BROKER: url, MANYHANDS_PREFIX: prefix };
  const node = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"], env });
  killAtExit(node);
  return {
    broker: { url, prefix },
    pid: node.pid,
    stop: () => ended(node),
  };
}

/** A pool of two workers. */
export function pool(name: string, maxQueuedTasks?: number): RemotePeer {
  return {
    name,
    open: async (url) => {
      const node = startNode(url, `pool-${maxQueuedTasks ?? "default"}`);
      const workers = EchoWorker.options({
        mode: "distributed",
        maxWorkers: WORKERS,
        broker: node.broker,
        ...(maxQueuedTasks !== undefined && { maxQueuedTasks }),
      }).init();
      await workers.ready();
      return calledHere(
        (message) => workers.echo(message),
        [node.pid],
        async () => {
          await workers.stop();
          await node.stop();
        },
      );
    },
  };
}

/**
 * Tasks that wait in the broker, each with a result of its own.
 * @param concurrency - how many run at once, on as many threads as there are processors
 */
export function tasks(name: string, concurrency: number): RemotePeer {
  return {
    name,
    open: async (url) => {
      const node = startNode(url, `tasks-${concurrency}`, concurrency);
      const delay = echo.delayWith({ broker: node.broker });
      return calledHere(
        async (message) => (await delay(message)).get(),
        [node.pid],
        () => node.stop(),
      );
    },
  };
}
