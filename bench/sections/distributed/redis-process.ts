/** A Redis server for a measurement: on a free port, with an append-only file written to disk each second. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A server that is running. */
export interface RedisProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

const ANSWERS_WITHIN_MS = 10_000;

/** @throws {Error} when `redis-server` is not there, or does not answer */
export async function startRedis(): Promise<RedisProcess> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "manyhands-bench-"));
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes"];
  const server = spawn("redis-server", args, { stdio: "ignore" });
  const stop = async (): Promise<void> => {
    await ended(server);
    rmSync(folder, { recursive: true, force: true });
  };
  killAtExit(server);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const failed = once(server, "error").then(([error]) => {
    throw new Error(`Cannot measure as redis-server does not start: ${String(error)}`);
  });
  try {
    await Promise.race([failed, untilAnswers(port)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, pid: server.pid!, [Symbol.asyncDispose]: stop };
}

/** As in `"7.0.15"`. */
export function redisVersion(): string {
  return /v=(\S+)/.exec(execFileSync("redis-server", ["--version"], { encoding: "utf8" }))?.[1] ?? "unknown";
}

/** No process outlives this one, however it ends, but by SIGKILL. */
export function killAtExit(child: ChildProcess): void {
  process.setMaxListeners(0);
  process.once("exit", () => child.kill("SIGKILL"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(1));
  }
}

/** Ends a process that was started here, and waits until it is gone. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function untilAnswers(port: number): Promise<void> {
  const until = performance.now() + ANSWERS_WITHIN_MS;
  while (performance.now() < until) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await pause(20);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`Cannot measure as redis-server does not answer on port ${port} within ${ANSWERS_WITHIN_MS} ms`);
}
