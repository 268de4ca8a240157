// A resource pool lends out what is costly to make: here connections to a database, by a client with the face of `pg`, and
// HTTP agents. It makes them when they are needed, checks them, replaces broken ones, and ends those that nobody uses. The
// place in the pool can be one of several limits, so that a request, its tokens and its connection are taken together.
import { Agent, createServer, get } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { CallLimit, LimitSet, RateLimit, ResourceLimit, ResourcePool } from "manyhands";
import { Client, ConnectionError } from "./30-resource-pool/client.js";
import { Database } from "./30-resource-pool/server.js";

const database = new Database();
await database.start();

const clients = new ResourcePool({
  create: async () => {
    const client = new Client({ host: "127.0.0.1", port: database.port });
    await client.connect();
    return client;
  },
  destroy: (client) => client.end(),
  validate: async (client) => (await client.query("select 1 as one")).rows.length === 1,
  isBroken: (error) => error instanceof ConnectionError,
  onError: ({ during, error }) => console.log(`could not ${during}:`, (error as Error).message),
  max: 3,
});

const pids = await Promise.all(
  Array.from({ length: 50 }, () =>
    clients.use(async (client) => {
      const { rows } = await client.query("select pg_backend_pid() as pid");
      return rows[0]!.pid;
    }),
  ),
);
console.log(`${pids.length} queries over ${new Set(pids).size} connections`);

// The statement is wrong, not the connection.
const mistake: unknown = await clients.use((client) => client.query("selekt 1")).catch((error: unknown) => error);
console.log((mistake as Error).message, "- connections made:", database.made);

// While the database is down, whoever asks is told so at once. Once it is back, all goes on.
await using lease = await clients.acquire();
await database.shutDown();
lease.discard(new ConnectionError("Connection terminated"));
const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => clients.acquire()));
const codes = outcomes.map((outcome) => outcome.status === "rejected" && (outcome.reason as { code: string }).code);
console.log(`database down: ${codes.join(", ")}`);
await database.start();
console.log("back:", (await clients.use((client) => client.query("select 1 as one"))).rows);
await clients.stop();
console.log("connections after the end:", database.sockets.size);
await database.shutDown();

// Agents with one socket each: the request, its tokens and its socket are taken together or not at all.
let sockets = 0;
const server = createServer((request, response) => response.end(`answer to ${request.url}`));
server.on("connection", () => (sockets += 1));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;

const limits = new LimitSet([
  new CallLimit({ capacity: 500, window: 60_000 }),
  new RateLimit({ key: "tokens", capacity: 90_000, window: 60_000 }),
  new ResourceLimit({ key: "sockets", capacity: 2 }),
]);
const agents = new ResourcePool({
  create: () => new Agent({ keepAlive: true, maxSockets: 1 }),
  destroy: (agent) => agent.destroy(),
  limits: { set: limits, key: "sockets" },
});

async function ask(path: string): Promise<string> {
  await using held = await agents.acquire({ amounts: { tokens: 1000 }, timeout: 5000 });
  const text = await fetchText(path, held.value);
  held.grant!.update({ tokens: text.length });
  return text;
}

async function fetchText(path: string, agent: Agent): Promise<string> {
  const [response] = await once(get({ port, host: "127.0.0.1", path, agent }), "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  return text;
}

const answers = await Promise.all(["/a", "/b", "/c", "/d", "/e"].map(ask));
console.log(`${answers.length} answers over ${sockets} sockets, the last: ${answers.at(-1)}`);
for (const { key, inUse } of limits.stats().limits) console.log(`${key} in use: ${inUse}`);
await agents.stop();
server.close();

// Output:
// 50 queries over 3 connections
// syntax error in 'selekt 1' - connections made: 3
// could not validate: Connection terminated
// could not validate: Connection terminated
// database down: ECONNREFUSED, ECONNREFUSED, ECONNREFUSED, ECONNREFUSED, ECONNREFUSED
// back: [ { one: 1 } ]
// connections after the end: 0
// 5 answers over 2 sockets, the last: answer to /e
// calls in use: 5
// tokens in use: 60
// sockets in use: 0
