import { expect, it, onTestFinished } from "vitest";
import { clusterText } from "../../dist/cli/nodes/cluster-text.js";
import { connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { Members, type NodeFacts } from "../../dist/distributed/members/members.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";
import { runCli } from "./run-cli.js";

const GB = 2 ** 30;

const facts = (id: string, more: Partial<NodeFacts> = {}): NodeFacts => ({
  id,
  name: id,
  host: "rack-7",
  pid: 4242,
  cpus: 4,
  memory: 16 * GB,
  resources: {},
  definitions: { Hasher: "a1b2c3d4e5f6" },
  node: "v20.19.0",
  version: "0.1.0",
  format: 1,
  startedAt: Date.now() - 7_300_000,
  queues: ["default"],
  ...more,
});

/** Three nodes, of which one is stopping, with workers; two wait. */
async function populate(prefix: string): Promise<void> {
  const broker = resolveBroker({ url: sharedRedis(), prefix });
  const connection = connect(broker, "test");
  const members = new Members(connection, broker);
  const owner = "caller-1";
  await members.joinOwner(owner, { host: "desk", pid: 7 });
  await members.joinNode(facts("web-1", { resources: { gpu: 2, fpga: 1 } }));
  await members.joinNode(facts("web-2", { cpus: 2, memory: GB / 2 }));
  await members.joinNode(facts("a-machine-with-a-long-name.in-some-place.example.net"));
  await members.closeNode("a-machine-with-a-long-name.in-some-place.example.net");
  const place = async (worker: string, name: string, need: object): Promise<unknown> =>
    members.place({
      worker,
      owner,
      name,
      version: "a1b2c3d4e5f6",
      format: 1,
      need: { cpus: 1, memory: 0, resources: {}, ...need },
    });
  await place("w1", "Hasher", { resources: { gpu: 0.5 } });
  await place("w2", "Hasher", { cpus: 1.5, memory: GB, resources: { gpu: 1 } });
  await place("w3", "Hasher", { cpus: 64 });
  await place("w4", "Hasher", { cpus: 64 });
  await place("w5", "Resizer", {});
  onTestFinished(async () => {
    await members.leaveOwner(owner);
    const keys = (await connection.call("KEYS", `{${prefix}}*`)) as string[];
    if (keys.length > 0) await connection.call("DEL", ...keys);
    connection.disconnect();
  });
}

it("shows who is there, their room and versions, and who waits", async () => {
  const prefix = freshPrefix();
  await populate(prefix);
  const args = ["nodes", "--redis", sharedRedis(), "--prefix", prefix];
  const { code, stdout, stderr } = await runCli(args);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.split("\n").map((line) => line.split(/ {2,}/).join("|"))).toEqual([
    "NODE|STATE|CPUS|MEMORY|RESOURCES|WORKERS|VERSION|NODE.JS|UP",
    "a-machine-with-a-long-name.in-some-place.example.net|stopping|0/4|0/16 GB|0.1.0|20.19.0|2h",
    "web-1|2.5/4|1 GB/16 GB|gpu 1.5/2, fpga 0/1|Hasher 2|0.1.0|20.19.0|2h",
    "web-2|0/2|0/512 MB|0.1.0|20.19.0|2h",
    "",
    "Workers that wait",
    "|2 of Hasher (64 cpus each): it needs 64 cpus and no node has more than 4",
    "|1 of Resizer (1 cpu): none of the 2 nodes knows 'Resizer': start one with",
    "|the module that defines it",
    "",
  ]);
  const long = await runCli([...args, "--long"]);
  expect(long.stdout).toContain("  process      4242 on rack-7, up 2h\n");
  expect(long.stdout).toMatch(/ {2}workers {6}Hasher w1: 1 cpu, 0.5 'gpu', of caller-1\n {15}Hasher w2: 1.5 cpus/);
  const json = JSON.parse((await runCli([...args, "--json"])).stdout) as { nodes: object[]; waiting: object[] };
  expect(json).toMatchObject({
    exitCode: 0,
    nodes: [{ draining: true }, { free: { cpus: 1.5 } }, { free: { cpus: 2 } }],
  });
  expect(json.waiting).toMatchObject([
    { name: "Hasher", count: 2 },
    { name: "Resizer", count: 1 },
  ]);
});

it("fits into a terminal of 80 columns, with colours where it has them", async () => {
  const prefix = freshPrefix();
  await populate(prefix);
  const args = ["nodes", "--redis", sharedRedis(), "--prefix", prefix, "--json"];
  const cluster = JSON.parse((await runCli(args)).stdout) as Parameters<typeof clusterText>[0];
  for (const isLong of [true, false]) {
    const text = clusterText({ ...cluster, now: Date.now() }, { isLong, width: 80, isColoured: false });
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).not.toContain("\u001B");
  }
  const coloured = clusterText({ ...cluster, now: 0 }, { isLong: false, width: 80, isColoured: true });
  expect(coloured.startsWith("\u001B[36mNODE ")).toBe(true);
  const calm = clusterText({ nodes: cluster.nodes, waiting: [], now: 0 }, { isLong: false, isColoured: false });
  expect(calm).toContain("\n3 nodes, 2 workers, 7.5 of 10 cpus free\n");
});

it("says what to do where there is no node", async () => {
  const { code, stdout } = await runCli(["nodes", "--redis", sharedRedis(), "--prefix", freshPrefix()]);
  expect([code, stdout]).toEqual([0, "No node is there: start one with `manyhands node`\n"]);
});

it.each<[string, string[], number, string]>([
  ["a name", ["web-1"], 2, "Cannot show 'web-1' as all nodes are shown: leave it out"],
  [
    "another scheme",
    ["--redis", "http://u:secret@h"],
    2,
    "its url must begin with redis:// or rediss://: current value",
  ],
  ["a bad prefix", ["--prefix", "a{b"], 2, "Cannot set 'broker.prefix' as it must be 1 to 64 letters"],
  ["an unknown option", ["--log"], 2, "Cannot use '--log' as there is no such option: did you mean '--long'?"],
])("refuses %s", async (_what, args, exit, message) => {
  const { code, stdout, stderr } = await runCli(["nodes", ...args]);
  expect([code, stdout]).toEqual([exit, ""]);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("secret");
});
