/** What tests of security share: certificates of our own, servers that are none of ours, and nodes as users start them. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const DOCS = new URL("../../docs/distributed.md", import.meta.url);

/** A folder with an authority of its own, and a certificate for this machine that it signed. */
export class Certificates implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "manyhands-tls-"));
  readonly ca = join(this.#folder, "ca.crt");
  readonly cert = join(this.#folder, "own.crt");
  readonly key = join(this.#folder, "own.key");

  constructor() {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
    const caKey = join(this.#folder, "ca.key");
    this.#run(["req", "-x509", ...key, "-subj", "/CN=test authority", "-keyout", caKey, "-out", this.ca]);
    const names = "subjectAltName=IP:127.0.0.1";
    const signed = ["-CA", this.ca, "-CAkey", caKey, "-addext", names, "-keyout", this.key, "-out", this.cert];
    this.#run(["req", "-x509", ...key, "-subj", "/CN=127.0.0.1", ...signed]);
  }

  /** As options of the broker. */
  get tls(): { ca: string; cert: Buffer; key: Buffer } {
    return { ca: readFileSync(this.ca, "utf8"), cert: readFileSync(this.cert), key: readFileSync(this.key) };
  }

  #run(args: readonly string[]): void {
    const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`Cannot make certificates as openssl failed: ${stderr}`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Why TLS cannot be tested here, if so. */
export function whyNoTls(): string | undefined {
  if (spawnSync("openssl", ["version"], { stdio: "ignore" }).status !== 0) return "openssl is not on the PATH";
  // One without TLS does not know the option; one that does wants a certificate.
  const { stdout } = spawnSync("redis-server", ["--port", "0", "--tls-port", "1"], { encoding: "utf8", timeout: 5000 });
  return /Bad directive|wrong number of arguments/.test(stdout) ? "redis-server was built without TLS" : undefined;
}

/** The words that the documentation gives for the user of a broker, after its name. */
export function documentedRights(): string[] {
  const line = /^redis-cli ACL SETUSER \S+ (.*)$/m.exec(readFileSync(DOCS, "utf8").replaceAll("\\\n", ""));
  return line![1]!.split(/\s+/).map((word) => word.replaceAll("'", ""));
}

export interface CommandNode extends AsyncDisposable {
  readonly process: ChildProcess;
  /** What it said. */
  log(): string;
}

/** `manyhands node`; it is ready when this resolves. */
export async function commandNode(args: readonly string[], module: string): Promise<CommandNode> {
  const node = spawn(process.execPath, [COMMAND, "node", ...args, fileURLToPath(import.meta.resolve(module))], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  await new Promise<void>((resolve, reject) => {
    node.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("is ready")) resolve();
    });
    node.once("exit", () => reject(new Error(`The node did not start: ${log}`)));
  });
  return {
    process: node,
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      if (node.exitCode !== null || node.signalCode !== null) return;
      const ended = once(node, "exit");
      node.kill("SIGKILL");
      await ended;
    },
  };
}

export interface FakeServer extends AsyncDisposable {
  readonly url: string;
}

/** Answers what comes with this. */
export async function fakeServer(answer: (command: string) => string): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      for (const [, command] of chunk.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        socket.write(answer(command!.toLowerCase()));
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
