/** Celery, as Debian has it: Redis as broker and for results, two processes, and a caller in Python. */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ended, killAtExit } from "../../sections/distributed/redis-process.js";
import type { RemotePeer, SerialTimes, Throughput } from "./remote-peer.js";

const FOLDER = fileURLToPath(new URL("../../../../bench/peers/distributed/", import.meta.url));
const WORKERS = 2;

export const CELERY: RemotePeer = {
  name: "Celery",
  open: async (url) => {
    const python = findPython();
    const options = { cwd: FOLDER, env: { ...process.env, BENCH_REDIS: url, PYTHONDONTWRITEBYTECODE: "1" } };
    const work = ["-m", "celery", "-A", "celery_app", "worker", "-P", "prefork", "-c", String(WORKERS), "-l", "ERROR"];
    const worker = spawn(python, [...work, "--without-gossip", "--without-mingle"], { ...options, stdio: "ignore" });
    const caller = spawn(python, ["celery_caller.py"], { ...options, stdio: ["pipe", "pipe", "inherit"] });
    killAtExit(worker);
    killAtExit(caller);
    const answers = createInterface(caller.stdout)[Symbol.asyncIterator]();
    const ask = async (line: string): Promise<unknown> => {
      caller.stdin.write(`${line}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error("Cannot measure Celery as its caller has ended");
      return JSON.parse(value) as unknown;
    };
    return {
      serial: async (calls) => (await ask(`serial ${calls}`)) as SerialTimes,
      throughput: async (inFlight, ms) => (await ask(`throughput ${inFlight} ${ms}`)) as Throughput,
      processes: [worker.pid!, caller.pid!],
      isCalledHere: false,
      close: async () => {
        await ended(caller);
        // Its processes end with it only when it is asked.
        await ended(worker, "SIGTERM");
      },
    };
  },
};

/** @throws {Error} where there is none */
function findPython(): string {
  const found = ["python3", "/usr/bin/python3"].find(
    (python) => spawnSync(python, ["-c", "import celery, redis"], { stdio: "ignore" }).status === 0,
  );
  if (found !== undefined) return found;
  throw new Error("Celery is not installed: apt-get install python3-celery python3-redis");
}
