import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { ModelClient, openai } from "manyhands/prompts";
import { gather } from "manyhands";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NodeTransport } from "../../../dist/prompts/wire/node-transport.js";
import { readBody } from "../../../dist/prompts/wire/read-reply.js";
import { chatCompletion, deferred, json, WireServer } from "../wire-server.js";

const HEADERS = {};
let server: WireServer;
let transport: NodeTransport;
/** Until it is opened nobody is answered. */
let gate: ReturnType<typeof deferred>;

beforeEach(async () => {
  gate = deferred();
  const answer = json(200, chatCompletion("hi"));
  server = await WireServer.start((response, received) => void gate.promise.then(() => answer(response, received)));
  transport = new NodeTransport();
});
afterEach(async () => {
  transport.close();
  await server[Symbol.asyncDispose]();
});

async function post(following?: () => number): Promise<string> {
  const { signal } = new AbortController();
  const request = { url: new URL(server.url), headers: HEADERS, body: "{}", signal, following };
  return readBody(await transport.post(request));
}

/** Waits until so many connections have reached the server, and a moment for more. */
async function connections(count: number): Promise<void> {
  await vi.waitFor(() => expect(server.sockets).toHaveLength(count));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(server.sockets).toHaveLength(count);
}

describe("spare connections", () => {
  it("are there for the requests that follow, which open others only beyond them", async () => {
    const first = post(() => 3);
    await connections(4);
    expect(server.received).toHaveLength(1);
    const others = Array.from({ length: 4 }, () => post());
    await vi.waitFor(() => expect(server.received).toHaveLength(5));
    gate.resolve();
    await Promise.all([first, ...others]);
    await connections(5);
  });

  it("are no more than are missing, whoever asks for them", async () => {
    const both = [post(() => 2), post(() => 2)];
    await connections(4);
    gate.resolve();
    await Promise.all(both);
  });

  it("are not opened for a request on a connection that was there", async () => {
    gate.resolve();
    await post();
    await post(() => 3);
    await connections(1);
  });

  it("are closed when nobody takes them within a second", async () => {
    const first = post(() => 2);
    await connections(3);
    await vi.waitFor(() => expect(server.sockets.filter(({ destroyed }) => destroyed)).toHaveLength(2), 3000);
    gate.resolve();
    await first;
  });

  it("are not used once the server has closed them", async () => {
    const first = post(() => 2);
    await connections(3);
    const spares = server.sockets.slice(1);
    for (const spare of spares) spare.end();
    await vi.waitFor(() => expect(spares.every(({ destroyed }) => destroyed)).toBe(true));
    gate.resolve();
    await Promise.all([first, post()]);
    await connections(4);
  });

  it("are closed with the transport", async () => {
    const first = post(() => 2);
    await connections(3);
    transport.close();
    await expect(first).rejects.toThrow();
    await vi.waitFor(() => expect(server.sockets.every(({ destroyed }) => destroyed)).toBe(true));
  });

  it("are as many as a client sends at once when its first answer is there", async () => {
    const provider = openai({ model: "m", baseURL: server.url, apiKey: "k" });
    await using client = new ModelClient(provider, { concurrency: 4 });
    const all = gather(Array.from({ length: 9 }, (_, index) => client.ask(`prompt ${index}`)));
    await connections(4);
    expect(server.received).toHaveLength(1);
    gate.resolve();
    await all;
    expect(server.sockets).toHaveLength(4);
  });

  it("that cannot be opened matter to nobody", async () => {
    // Takes one connection, and no other.
    const sockets: Socket[] = [];
    const one = createServer((socket) => {
      if (sockets.push(socket) > 1) socket.resetAndDestroy();
    });
    one.listen(0, "127.0.0.1");
    await once(one, "listening");
    const url = new URL(`http://127.0.0.1:${(one.address() as AddressInfo).port}`);
    const { signal } = new AbortController();
    const reply = transport.post({ url, headers: HEADERS, body: "{}", signal, following: () => 2 });
    await vi.waitFor(() => expect(sockets).toHaveLength(3));
    await new Promise((resolve) => setTimeout(resolve, 20));
    sockets[0]!.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    expect(await readBody(await reply)).toBe("{}");
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => void one.close(() => resolve()));
  });
});
