import { inspect } from "node:util";
import { expect, test } from "vitest";
import { ResourceLimit, TaskPool } from "manyhands";
import { type BrokerOptions, SharedLimitSet } from "manyhands/distributed";
import { GuardedWorker, guardedTask } from "#fixtures/guarded.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { connect } from "../../dist/distributed/broker/connection.js";
import { Members } from "../../dist/distributed/members/members.js";
import { TaskClient } from "../../dist/distributed/tasks/client.js";
import { runCli } from "../cli/run-cli.js";
import { freshPrefix, sharedRedis, startRedis } from "#fixtures/redis.js";
import { Certificates, commandNode, documentedRights, fakeServer, whyNoTls } from "./security-setup.js";

const MODULE = "#fixtures/guarded.js";
const noTls = whyNoTls();
if (noTls !== undefined) console.warn(`TLS is not tested as ${noTls}`);

/** What pool and task say of a broker that cannot be used; both within a second or two, though its timeout is long. */
async function refusals(options: string | BrokerOptions): Promise<string[]> {
  const broker = { brokerTimeout: 15_000, ...(typeof options === "string" ? { url: options } : options) };
  const startedAt = performance.now();
  const pool = GuardedWorker.options({ mode: "distributed", maxWorkers: 1, broker }).init();
  const outcomes = await Promise.allSettled([pool.echo(1), guardedTask.delayWith({ broker })(1)]);
  await pool.stop({ timeout: 0 });
  expect(performance.now() - startedAt).toBeLessThan(8000);
  const errors = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason as Error);
  expect(errors[0]!.cause).toMatchObject({ code: "MH_BROKER_UNAVAILABLE" });
  expect(errors[1]).toMatchObject({ code: "MH_BROKER_UNAVAILABLE" });
  expect(showAll(errors)).not.toMatch(/s3cret|wr0ng/);
  return errors.map(({ message }) => message);
}

function showAll(errors: readonly Error[]): string {
  return inspect(errors, { depth: 10 });
}

test.skipIf(noTls !== undefined)(
  "rediss:// and a user with the documented rights are enough for everything",
  async () => {
    using certificates = new Certificates();
    const tlsPort = await freePort();
    const { ca, cert, key } = certificates;
    const files = ["--tls-ca-cert-file", ca, "--tls-cert-file", cert, "--tls-key-file", key];
    await using redis = await startRedis(["--tls-port", String(tlsPort), "--tls-auth-clients", "yes", ...files]);
    const admin = connect(resolveBroker(redis.url), "admin");
    const rights = documentedRights().map((word) => word.replace("{manyhands}", "{own}").replace(">secret", ">s3cret"));
    await admin.call("ACL", "SETUSER", "hands", ...rights);
    await admin.call("ACL", "SETUSER", "nobody", "on", ">s3cret", "~{own}:*", "+ping", "+hello", "+info");
    const url = `rediss://hands:s3cret@127.0.0.1:${tlsPort}`;
    const broker = { url, tls: certificates.tls, prefix: "own", lease: 4000 };
    const reached = ["--redis", url, "--tls-ca", ca, "--tls-cert", cert, "--tls-key", key, "--prefix", "own"];
    await using node = await commandNode([...reached, "--lease", "4s", "--cpus", "2"], MODULE);

    const pool = GuardedWorker.options({ mode: "distributed", maxWorkers: 3, broker }).init();
    const tasks = new TaskPool({ mode: "distributed", maxWorkers: 1, broker });
    const doors = new SharedLimitSet("doors", [new ResourceLimit({ key: "doors", capacity: 1 })], { broker });
    const first = await guardedTask.delayWith({ broker })(1);
    const later = await guardedTask.delayWith({ broker, countdown: 60_000, id: "later" })(1);
    expect(await pool.echo("by TLS")).toBe("by TLS");
    const items: number[] = [];
    for await (const item of pool.stream(3)) items.push(item);
    expect(items).toEqual([0, 1, 2]);
    expect((await (await guardedTask.delayWith({ broker })(first)).get()).value).toEqual(await first.get());
    await later.revoke();
    expect(await later.state()).toBe("revoked");
    const grant = await doors.acquire({ doors: 1 });
    expect(await doors.tryAcquire({ doors: 1 })).toBeUndefined();
    await grant[Symbol.asyncDispose]();
    expect((await doors.stats()).waiting).toBe(0);
    await Promise.all([pool.stop(), doors.close()]);
    expect(await tasks.submit(guardedTask, "by name")).toEqual({ value: "by name", inherited: [] });
    expect(() => tasks.submit(() => "by source")).toThrow("nodes run only what their modules define");
    await tasks.stop();

    const [nodes, listed, retried] = await Promise.all([
      runCli(["nodes", "--json", ...reached]),
      runCli(["jobs", "--state", "succeeded", "--json", ...reached]),
      runCli(["jobs", "retry", first.id, ...reached]),
    ]);
    expect(JSON.parse(nodes.stdout)).toMatchObject({ exitCode: 0, nodes: [{ cpus: 2, draining: false }] });
    expect(JSON.parse(listed.stdout)).toMatchObject({ exitCode: 0, jobs: expect.arrayContaining([expect.anything()]) });
    expect(retried.stderr).toBe("");

    const denied = ((await admin.call("ACL", "LOG")) as unknown[][]).map((entry) => entry.join(" "));
    expect(denied.filter((entry) => !entry.includes("client|setinfo"))).toEqual([]);
    expect(node.log()).not.toContain("s3cret");

    const safe = { ...broker, lease: 10_000 };
    for (const message of await refusals({
      ...safe,
      tls: { cert: certificates.tls.cert, key: certificates.tls.key },
    })) {
      expect(message).toMatch(/cannot be trusted, or speaks no TLS: (?:unable to|self.signed)/);
    }
    for (const message of await refusals({ ...safe, url: url.replace("s3cret", "wr0ng") })) {
      expect(message).toContain("refused it: WRONGPASS");
    }
    for (const message of await refusals({ ...safe, url: url.replace("hands:", "nobody:") })) {
      expect(message).toContain("refused it: NOPERM");
    }
    for (const message of await refusals({ ...safe, prefix: "other" })) expect(message).toMatch(/NOPERM|ACL failure/);
    TaskClient.closeAll();
    admin.disconnect();
  },
);

test("servers that cannot be used are told of at once", async () => {
  await using old = await fakeServer((command) => {
    if (command === "info") return "$22\r\nredis_version:6.2.14\r\n\r\n";
    return command === "hello" ? "-ERR unknown command 'HELLO'\r\n" : "+OK\r\n";
  });
  for (const message of await refusals(old.url)) {
    expect(message).toContain("is too old: it is version 6.2.14, and must be 7 or later");
  }
  await using other = await fakeServer(() => "HTTP/1.1 400 Bad Request\r\n\r\n");
  for (const message of await refusals(other.url)) expect(message).toContain("is no Redis server");
  await using replica = await startRedis(["--replicaof", "127.0.0.1", "1"]);
  for (const message of await refusals(replica.url)) expect(message).toContain("is a replica, which takes no writes");
  expect(() => resolveBroker({ url: replica.url, tls: {} })).toThrow("must begin with rediss://");
  TaskClient.closeAll();
});

test("two prefixes on one server see nothing of each other", async () => {
  const [mine, theirs] = [freshPrefix(), freshPrefix()].map((prefix) => ({ url: sharedRedis(), prefix, lease: 2000 }));
  await using node = await commandNode(["--redis", mine!.url, "--prefix", mine!.prefix, "--cpus", "1"], MODULE);
  const pool = GuardedWorker.options({ mode: "distributed", maxWorkers: 1, broker: mine! }).init();
  const stranger = GuardedWorker.options({ mode: "distributed", maxWorkers: 1, broker: theirs! }).init();
  expect(await pool.echo(1)).toBe(1);
  await expect(stranger.with({ timeout: 300 }).echo(1)).rejects.toThrow("as it was still waiting");
  expect(stranger.stats().workers.each[0]!.waitingFor).toContain("no node is there");
  const connection = connect(resolveBroker(theirs), "test");
  expect(await new Members(connection, resolveBroker(theirs)).nodes()).toEqual([]);
  const result = await guardedTask.delayWith({ broker: mine!, id: "same" })(1);
  const same = await guardedTask.delayWith({ broker: theirs!, id: "same" })(2);
  expect((await result.get()).value).toBe(1);
  expect(await same.state()).toBe("waiting");
  await Promise.all([pool.stop(), stranger.stop({ timeout: 0 })]);
  await node[Symbol.asyncDispose]();
  TaskClient.closeAll();
  for (const { prefix } of [mine!, theirs!]) {
    const keys = (await connection.call("KEYS", `{${prefix}}:*`)) as string[];
    expect(keys.length).toBeGreaterThan(0);
    await connection.call("DEL", ...keys);
  }
  connection.disconnect();
});

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as import("node:net").AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
