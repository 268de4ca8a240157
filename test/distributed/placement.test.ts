import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { PoolOptions } from "manyhands";
import type { ClusterNode, NodeOptions } from "manyhands/distributed";
import { TillWorker } from "#fixtures/definitions/rival.js";
import { GuardedWorker } from "#fixtures/guarded.js";
import { PlaceWorker } from "#fixtures/place.js";
import { UnconstructableWorker } from "#fixtures/start-failures.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { connect, type Connection } from "../../dist/distributed/broker/connection.js";
import { LongWait } from "../../dist/distributed/caller/long-wait.js";
import { Members } from "../../dist/distributed/members/members.js";
import { startNode } from "../../dist/distributed/node/start-node.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";
import { commandNode } from "./security-setup.js";

let broker: { url: string; prefix: string; lease: number };
let connection: Connection;
let members: Members;
let nodes: ClusterNode[] = [];

beforeEach(() => {
  broker = { url: sharedRedis(), prefix: freshPrefix(), lease: 3000 };
  connection = connect(resolveBroker(broker), "test");
  members = new Members(connection, resolveBroker(broker));
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  nodes = [];
  const keys = (await connection.call("KEYS", `{${broker.prefix}}:*`)) as string[];
  if (keys.length > 0) await connection.call("DEL", ...keys);
  connection.disconnect();
});

/** How many workers each node has, by its name. */
async function places(): Promise<Record<string, number>> {
  const views = await members.nodes();
  return Object.fromEntries(views.map(({ name, workers }) => [name, workers.length]));
}

async function join(name: string, options: Partial<NodeOptions>, module = "guarded"): Promise<ClusterNode> {
  const modules = [import.meta.resolve(`#fixtures/${module}.js`)];
  const node = await startNode({ broker, modules, name, cpus: 2, memory: "4GB", queues: [], ...options });
  nodes.push(node);
  return node;
}

/** Workers start with the first call, or when it is asked for. */
function begun<P extends { ready(): Promise<unknown> }>(one: P): P {
  one.ready().catch(() => {});
  return one;
}

type AnyPool = ReturnType<typeof GuardedWorker.init>;

function pool(maxWorkers: number | undefined, actor?: PoolOptions["actor"]): AnyPool {
  return begun(GuardedWorker.options({ mode: "distributed", broker, maxWorkers, actor }).init());
}

function waiting(one: Pick<AnyPool, "stats">): (string | undefined)[] {
  return one.stats().workers.each.map(({ waitingFor }) => waitingFor);
}

async function waitsAs(one: Pick<AnyPool, "stats">, text: string | RegExp): Promise<void> {
  await expect.poll(() => waiting(one).find((reason) => reason !== undefined), { timeout: 8000 }).toMatch(text);
}

test("four workers spread over two nodes; a fifth waits, says so, and starts when a third node joins", async () => {
  const args = (name: string): string[] => {
    const { url, prefix } = broker;
    return ["--redis", url, "--prefix", prefix, "--lease", "3s", "--cpus", "2", "--memory", "1GB", "--name", name];
  };
  const module = "#fixtures/guarded.js";
  const [one, two] = await Promise.all([commandNode(args("one"), module), commandNode(args("two"), module)]);
  await using first = one;
  await using second = two;
  const five = pool(5);
  await expect.poll(places, { timeout: 8000 }).toEqual({ one: 2, two: 2 });
  await waitsAs(five, /^it needs 1 cpu and 0 of 4 are free on 2 nodes$/);
  expect(waiting(five).filter((reason) => reason === undefined)).toHaveLength(4);
  // It holds up nobody.
  expect(await Promise.all([1, 2, 3, 4, 5, 6].map((value) => five.echo(value)))).toEqual([1, 2, 3, 4, 5, 6]);
  await using third = await commandNode(args("three"), module);
  await expect.poll(places, { timeout: 8000 }).toEqual({ one: 2, three: 1, two: 2 });
  await expect.poll(() => waiting(five)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect((await five.broadcast.echo("all")).length).toBe(5);
  await five.stop();
  await expect.poll(places).toEqual({ one: 0, three: 0, two: 0 });
  for (const { log } of [first, second, third]) expect(log()).toContain("placed here");
}, 40_000);

describe("what a worker needs", () => {
  test("fractions of cpus, memory, and resources that have a name", async () => {
    await join("plain", { cpus: 1, memory: "1GB" });
    await join("gifted", { cpus: 1, memory: "1GB", resources: { gpu: 1.5 } });
    const halves = pool(4, { cpus: 0.5 });
    await expect.poll(places, { timeout: 8000 }).toEqual({ gifted: 2, plain: 2 });
    await halves.stop();
    const heavy = pool(3, { cpus: 0, memory: "600MB" });
    await expect.poll(places, { timeout: 8000 }).toEqual({ gifted: 1, plain: 1 });
    await waitsAs(
      heavy,
      /^it needs 600 MB of memory and 848 MB of 2 GB are free on 2 nodes, at most 424 MB on one of them$/,
    );
    await heavy.stop();
    const drawing = pool(4, { cpus: 0.1, resources: { gpu: 0.5 } });
    await expect.poll(places, { timeout: 8000 }).toEqual({ gifted: 3, plain: 0 });
    await waitsAs(drawing, "it needs 0.5 'gpu' and 0 of 1.5 are free on 2 nodes");
    await drawing.stop();
  });

  test("says what is missing where no node will do", async () => {
    await join("small", { cpus: 2, memory: "1GB" });
    await join("shop", { cpus: 1, memory: "1GB" }, "definitions/shop");
    const large = pool(1, { cpus: 3, memory: "8GB" });
    const gifted = pool(1, { resources: { tpu: 1 } });
    const unknown = begun(PlaceWorker.options({ mode: "distributed", broker, maxWorkers: 1 }).init());
    const other = begun(TillWorker.options({ mode: "distributed", broker, maxWorkers: 1 }).init());
    await waitsAs(large, "it needs 3 cpus and the only node has 2, it needs 8 GB of memory and the only node has 1 GB");
    await waitsAs(gifted, "no node has the resource 'tpu'");
    await waitsAs(unknown, "none of the 2 nodes knows 'Place': start one with the module that defines it");
    await waitsAs(
      other,
      /^1 node has another version of 'Till' \([0-9a-f]{12}, here [0-9a-f]{12}\): start nodes with the same/,
    );
    await Promise.all([large, gifted, unknown, other].map((one) => one.stop({ timeout: 0 })));
  });
});

test("without maxWorkers a pool is as large as the room there is, and follows the nodes", async () => {
  const elastic = pool(undefined);
  await waitsAs(elastic, "no node is there: start one with `manyhands node`");
  expect(elastic.stats().workers.total).toBe(1);
  await join("first", { cpus: 2 });
  const all = async (): Promise<Record<string, number>> => {
    begun(elastic);
    return places();
  };
  await expect.poll(all, { timeout: 8000 }).toEqual({ first: 2 });
  const second = await join("second", { cpus: 1 });
  await expect.poll(all, { timeout: 8000 }).toEqual({ first: 2, second: 1 });
  expect((await elastic.broadcast.echo(1)).length).toBe(3);
  await second.stop();
  await expect.poll(() => elastic.stats().workers.total, { timeout: 8000 }).toBe(2);
  expect(await elastic.echo("still")).toBe("still");
  // Until somebody says how many there shall be.
  await elastic.resize(1);
  await join("third", { cpus: 2 });
  await new Promise((resolve) => setTimeout(resolve, broker.lease / 2 + 500));
  expect(elastic.stats().workers.total).toBe(1);
  await elastic.stop();
});

test("a pool that waits for room can be stopped, and its calls time out and are cancelled", async () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const lonely = pool(3);
  await waitsAs(lonely, "no node is there");
  await expect(lonely.with({ timeout: 50 }).echo(1)).rejects.toMatchObject({
    code: "MH_TIMEOUT",
    message: expect.stringContaining("as it was still waiting: no node is there") as unknown,
  });
  const call = lonely.echo(2);
  call.cancel();
  await expect(call).rejects.toMatchObject({ name: "AbortError" });
  const left = lonely.echo(3);
  const startedAt = performance.now();
  const stopped = lonely.stop({ timeout: 0 });
  await expect(left).rejects.toMatchObject({ code: "MH_POOL_STOPPED" });
  await stopped;
  expect(performance.now() - startedAt).toBeLessThan(1000);
  await expect.poll(() => members.waitingFor()).toEqual([]);

  const [first, second] = [new LongWait("pool 1", "Guarded"), new LongWait("pool 1", "Guarded")];
  for (const at of [0, 9000, 10_000, 12_000, 60_000]) {
    first.waits("it needs more", at);
    second.waits("it needs more", at);
  }
  expect(warned.mock.calls.map(([text]) => text)).toEqual([
    "A worker of 'Guarded' has waited for 10 s as it needs more",
  ]);
  warned.mockRestore();
});

test("calls do not wait for a worker without room when those that had room cannot be started", async () => {
  await join("one", { cpus: 1 }, "start-failures");
  await using one = UnconstructableWorker.options({ mode: "distributed", broker, maxWorkers: 3 }).init("No licence");
  const errors = await Promise.all(Array.from({ length: 9 }, () => one.with({ timeout: 15_000 }).value().exception()));
  for (const error of errors) expect(error).toMatchObject({ code: "MH_WORKER_START" });
});
