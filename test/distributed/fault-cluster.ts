/** Nodes that are real processes, to be killed and frozen; and the record of what ran on them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrokerOptions, NodeEvent, NodeOptions } from "manyhands/distributed";
import { connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

/** Long enough for a machine that does other things, short enough to wait for. */
export const LEASE_MS = 2500;

/** One call that began. */
export interface Run {
  readonly id: string;
  readonly pid: number;
  /** In ms since the epoch. */
  readonly at: number;
}

export class TestNode {
  readonly process: ChildProcess;
  readonly events: NodeEvent[] = [];
  id = "";
  #said = "";

  constructor(options: Omit<NodeOptions, "modules">) {
    this.process = fork(program("fault-node"), [JSON.stringify(options)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.process.stderr!.on("data", (chunk: Buffer) => (this.#said += chunk.toString()));
    this.process.on("message", (event: NodeEvent) => {
      if (event.kind === "ready") this.id = event["id"] as string;
      this.events.push(event);
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  count(kind: NodeEvent["kind"]): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  /** What it said before it ended by itself, which no node does. */
  get failure(): string | undefined {
    return this.process.exitCode ? this.#said : undefined;
  }

  freeze(): void {
    this.process.kill("SIGSTOP");
  }

  thaw(): void {
    this.process.kill("SIGCONT");
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, "exit");
    this.process.kill(signal);
    await exited;
  }
}

export class FaultCluster implements AsyncDisposable {
  readonly broker: BrokerOptions;
  readonly record: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "manyhands-faults-"));
  readonly #nodes: TestNode[] = [];
  readonly #isShared: boolean;

  constructor(options: Partial<BrokerOptions> = {}) {
    this.#isShared = options.url === undefined;
    this.broker = { url: sharedRedis(), prefix: freshPrefix(), lease: LEASE_MS, brokerTimeout: 8000, ...options };
    this.record = join(this.#folder, "record");
    writeFileSync(this.record, "");
  }

  /** Starts a node; it has joined when this resolves. */
  async node(options: Omit<NodeOptions, "modules"> = {}): Promise<TestNode> {
    const node = new TestNode({ broker: this.broker, cpus: 2, memory: "8GB", queues: [], ...options });
    this.#nodes.push(node);
    await until(
      () => node.count("ready") > 0 || node.failure !== undefined,
      () => "a node joins",
    );
    return node;
  }

  /** Every call that began, in order. */
  runs(): Run[] {
    const lines = readFileSync(this.record, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => {
      const [id, pid, at] = line.split(" ");
      return { id: id!, pid: Number(pid), at: Number(at) };
    });
  }

  /** How often each call began. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { id } of this.runs()) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures = this.#nodes.flatMap(({ failure }) => failure ?? []);
    await Promise.all(this.#nodes.map((node) => node.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.#isShared) await clearKeys(this.broker);
    if (failures.length > 0) throw new Error(`A node has ended by itself: ${failures.join("\n")}`);
  }
}

export function program(name: string): string {
  return fileURLToPath(import.meta.resolve(`#fixtures/programs/${name}.js`));
}

/** Resolves when `condition` holds; after 60 s it says what it waited for. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  describe: () => string = () => condition.toString(),
): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited for too long: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function clearKeys(options: BrokerOptions): Promise<void> {
  const broker = resolveBroker(options);
  const connection = connect(broker, "test");
  // What is still said by callers that leave.
  for (let round = 0; round < 2; round += 1) {
    const keys = (await connection.call("KEYS", `{${broker.prefix}}:*`)) as string[];
    if (keys.length > 0) await connection.call("DEL", ...keys);
  }
  await connection.quit();
}
