/** A Redis server for tests: `REDIS_URL`, else a private `redis-server`, installed by `apt-get` where root can. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:net";

/** A server of our own. */
export interface PrivateRedis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same files. */
  restart(): Promise<void>;
}

/** Whether `redis-server` can be run here; installs it where that is possible. */
export function hasRedisServer(): boolean {
  if (runs("redis-server", ["--version"])) return true;
  if (process.getuid?.() !== 0 || !runs("apt-get", ["--version"])) return false;
  const install = ["install", "-y", "--no-install-recommends", "redis-server"];
  // A service that starts with the installation is not wanted.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  if (spawnSync("apt-get", install, { stdio: "ignore", env }).status !== 0) {
    spawnSync("apt-get", ["update"], { stdio: "ignore", env });
    spawnSync("apt-get", install, { stdio: "ignore", env });
  }
  return runs("redis-server", ["--version"]);
}

/**
 * Starts a server on a free port, with an append-only file in a folder of its own.
 * @param options - more arguments of `redis-server`, such as `["--maxmemory", "8mb"]`
 */
export async function startRedis(options: readonly string[] = []): Promise<PrivateRedis> {
  if (!hasRedisServer()) {
    throw new Error("Cannot test against Redis as redis-server is not on the PATH: install it, or set REDIS_URL");
  }
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "manyhands-redis-"));
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes"];
  const start = async (): Promise<ChildProcess> => {
    // The shell ends the server when this process is gone, however it went.
    const script = 'redis-server "$@" & pid=$!; echo $pid; cat >/dev/null; kill -9 $pid; wait $pid';
    const shell = spawn("sh", ["-c", script, "sh", ...args, "--daemonize", "no", "--logfile", "log", ...options], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const [line] = (await once(shell.stdout!, "data")) as [Buffer];
    pid = Number(line.toString().split("\n")[0]);
    shell.unref();
    (shell.stdout as unknown as { unref(): void }).unref();
    (shell.stdin as unknown as { unref(): void }).unref();
    await untilAnswers(port);
    return shell;
  };
  let pid = 0;
  let shell: ChildProcess = await start();
  const kill = async (): Promise<void> => {
    if (shell.exitCode !== null || shell.signalCode !== null) return;
    shell.ref();
    const ended = once(shell, "exit");
    shell.stdin!.end();
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return pid;
    },
    kill,
    restart: async () => {
      await kill();
      shell = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let prefixes = 0;

/** A prefix that no other test uses. */
export function freshPrefix(): string {
  prefixes += 1;
  return `t${process.pid.toString(36)}-${prefixes}-${Math.random().toString(36).slice(2, 8)}`;
}

/** The server that all tests share; its address stands in the environment, see `redis-setup.ts`. */
export function sharedRedis(): string {
  const url = process.env.MANYHANDS_TEST_REDIS;
  if (url) return url;
  throw new Error(
    "Cannot test against Redis as there is none: set REDIS_URL, or put redis-server on the PATH, or run as root with apt-get",
  );
}

function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
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
  const until = Date.now() + 10_000;
  while (Date.now() < until) {
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Cannot test against Redis as redis-server does not answer on port ${port} within 10 s`);
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    socket.write("PING\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    return answer.toString().startsWith("+PONG");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
