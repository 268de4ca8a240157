/** Pools of real connections, to a server of the examples that is shut down and started again. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { ResourcePool, type ResourcePoolOptions } from "manyhands";
import { Client, ConnectionError } from "../../build/examples/30-resource-pool/client.js";
import { Database } from "../../build/examples/30-resource-pool/server.js";

let database: Database;

beforeEach(async () => {
  database = new Database();
  await database.start();
});

afterEach(() => database.shutDown());

function open(options: Partial<ResourcePoolOptions<Client>> = {}): ResourcePool<Client> {
  return new ResourcePool<Client>({
    create: async () => {
      const client = new Client({ host: "127.0.0.1", port: database.port });
      await client.connect();
      return client;
    },
    destroy: (client) => client.end(),
    isBroken: (error) => error instanceof ConnectionError,
    onError: () => {},
    max: 4,
    ...options,
  });
}

async function pid(client: Client): Promise<unknown> {
  return (await client.query("select pg_backend_pid() as pid")).rows[0]?.pid;
}

it("serves a thousand queries over a few connections, and closes them all", async () => {
  const pool = open();
  const pids = await Promise.all(Array.from({ length: 1000 }, () => pool.use(pid)));
  expect(new Set(pids).size).toBe(4);
  expect(database.made).toBe(4);
  await pool.stop();
  expect(pool.stats()).toMatchObject({ created: 4, destroyed: 4, size: 0 });
});

it("replaces connections that the server closed: by their errors, or by a check", async () => {
  for (const validate of [undefined, async (client: Client) => (await pid(client)) !== undefined]) {
    await using pool = open({ validate });
    await Promise.all([1, 2, 3, 4].map(() => pool.use(pid)));
    const made = database.made;
    for (const socket of database.sockets) socket.destroy();
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => pool.use(pid)));
    const failed = outcomes.filter(({ status }) => status === "rejected").length;
    // Without a check, one caller of each connection finds out, and no other.
    expect(failed).toBe(validate ? 0 : 4);
    expect(database.made).toBe(made + 4);
  }
});

it("tells all that wait at once while the server is down, and goes on when it is back", async () => {
  await using pool = open({ acquireTimeout: 60_000 });
  await database.shutDown();
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => pool.use(pid)));
  const codes = outcomes.map((outcome) => outcome.status === "rejected" && (outcome.reason as { code: string }).code);
  expect(new Set(codes)).toEqual(new Set(["ECONNREFUSED"]));
  await database.start();
  expect(await pool.use(pid)).toBe(1);
});

it("rides out a restart where it may try again", async () => {
  await using pool = open({ retry: { retries: 200, wait: 10, maxWait: 10 } });
  await database.shutDown();
  const waiting = Promise.all(Array.from({ length: 10 }, () => pool.use(pid)));
  await database.start();
  expect(new Set(await waiting).size).toBeLessThanOrEqual(4);
});
