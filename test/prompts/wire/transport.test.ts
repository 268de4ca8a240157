import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { failureOf, ModelError, openai, type OpenAIOptions } from "manyhands/prompts";
import { afterEach, describe, expect, it } from "vitest";
import { NodeTransport } from "../../../dist/prompts/wire/node-transport.js";
import { readBody } from "../../../dist/prompts/wire/read-reply.js";
import { attempt, chatCompletion, deferred, json, rejection, stream, WireServer } from "../wire-server.js";

const REQUEST = { messages: [{ role: "user", content: "x" }] } as const;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function serve(answer = json(200, chatCompletion("hi"))): Promise<WireServer> {
  const server = await WireServer.start(answer);
  cleanups.push(() => server[Symbol.asyncDispose]());
  return server;
}

function provide(url: string, more: Partial<OpenAIOptions> = {}): ReturnType<typeof openai> {
  const provider = openai({ model: "m", baseURL: url, apiKey: "of-no-known-form", ...more });
  cleanups.push(() => provider.close?.());
  return provider;
}

/** A server beneath HTTP, for each connection. */
async function serveRaw(onConnection: (socket: Socket, index: number) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    onConnection(socket, sockets.push(socket) - 1);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(async () => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

function rawAnswer(text: string): string {
  const body = JSON.stringify(chatCompletion(text));
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

it("names the host, the length in bytes, and who is in the address where there is no key", async () => {
  const server = await serve();
  const { host } = new URL(server.url);
  const provider = provide(server.url.replace("//", "//me:s%40cret@"), { apiKey: "" });
  await provider.send({ messages: [{ role: "user", content: "é" }] }, attempt(provider));
  const { headers } = server.received[0]!;
  expect(headers).toMatchObject({ host, authorization: `Basic ${btoa("me:s@cret")}` });
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "é" }] });
  expect(headers["content-length"]).toBe(String(Buffer.byteLength(body)));
});

/** Both ways to send requests must do the same. */
describe.each([
  ["node:http", {}],
  ["fetch", { fetch: (url: string, init: RequestInit) => fetch(url, init) }],
])("a request through %s", (_, way: Partial<OpenAIOptions>) => {
  it("is answered, and tells the headers before", async () => {
    const server = await serve(json(200, chatCompletion("hi"), { "x-ratelimit-remaining-requests": "3" }));
    const provider = provide(server.url, way);
    const seen: unknown[] = [];
    const onHeaders = (headers: unknown, status: number): void =>
      void seen.push(new Headers(headers as Record<string, string>).get("x-ratelimit-remaining-requests"), status);
    expect((await provider.send(REQUEST, attempt(provider, { onHeaders }))).text).toBe("hi");
    expect(seen).toEqual(["3", 200]);
    expect(server.received[0]).toMatchObject({
      url: "/v1/chat/completions",
      headers: { authorization: "Bearer of-no-known-form", "content-type": "application/json" },
    });
  });

  it("has its connection closed when it is aborted, before the answer and within it", async () => {
    const server = await serve(() => {});
    const provider = provide(server.url, way);
    for (const isBegun of [false, true]) {
      const { promise: closed, resolve: close } = deferred();
      const { promise: begun, resolve: begin } = deferred();
      server.answer = (response) => {
        response.on("close", close);
        if (isBegun) response.write('{"choices"');
        else begin();
      };
      const abort = new AbortController();
      const context = attempt(provider, { signal: abort.signal, onHeaders: () => begin() });
      const answer = rejection(provider.send(REQUEST, context));
      await begun;
      abort.abort(new Error("enough"));
      expect(await answer).toBe(abort.signal.reason);
      await closed;
    }
    expect(await rejection(provider.send(REQUEST, attempt(provider, { signal: AbortSignal.abort("no") })))).toBe("no");
    expect(server.received).toHaveLength(2);
  });

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ])("is answered with %s", async (encoding, compress) => {
    const server = await serve((response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": encoding });
      response.end(compress(JSON.stringify(chatCompletion("hi"))));
    });
    const provider = provide(server.url, way);
    expect((await provider.send(REQUEST, attempt(provider))).text).toBe("hi");
  });

  it.each([
    ["broken JSON", json(200, '{"choices": [{'), "the response is no JSON"],
    ["nothing", json(200, ""), "the response is empty"],
    ["no choices", json(200, { choices: [] }), "the response has no 'choices'"],
    ["no object", json(200, "[]"), "the response is no object"],
    ["a choice that says nothing", json(200, { choices: [{}] }), "the response has no 'message'"],
  ])("that is answered with %s fails as malformed", async (_name, answer, problem) => {
    const server = await serve(answer);
    const provider = provide(server.url, way);
    const error = await rejection(provider.send(REQUEST, attempt(provider)));
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({
      failure: "malformed",
      status: 200,
      message: `Cannot read the answer of 'm' as ${problem}`,
    });
  });

  it("that is redirected is refused", async () => {
    const server = await serve(json(307, "", { location: "http://127.0.0.1:1/" }));
    const provider = provide(server.url, way);
    expect(await rejection(provider.send(REQUEST, attempt(provider)))).toMatchObject({
      failure: "refused",
      status: 307,
      message: expect.stringContaining("set 'baseURL'") as string,
    });
  });

  it("that is refused says why, without the key", async () => {
    const body = {
      error: { message: "Incorrect\n key: of-no-known-form", code: "invalid_api_key", type: "invalid_request_error" },
    };
    const server = await serve(json(401, body, { "x-request-id": "req_1" }));
    const provider = provide(server.url, way);
    const error = await rejection(provider.send(REQUEST, attempt(provider)));
    expect(error).toMatchObject({
      failure: "refused",
      status: 401,
      modelCode: "invalid_api_key",
      requestId: "req_1",
      message: "Cannot ask 'm' as the server answered 401 (invalid_api_key): Incorrect key: [key]",
    });
    server.answer = json(502, `<html><title>502 Bad\nGateway</title>${"x".repeat(200_000)}`, {
      "content-type": "text/html",
    });
    expect(await rejection(provider.send(REQUEST, attempt(provider)))).toMatchObject({
      failure: "server",
      message: "Cannot ask 'm' as the server answered 502: 502 Bad Gateway",
    });
    // What limits learn from comes with it.
    expect(failureOf(error)).toMatchObject({ status: 401, headers: expect.anything() as object });
  });

  it("fails with the network where the connection is not made, and where it breaks", async () => {
    const url = await serveRaw((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")),
    );
    const provider = provide(url, way);
    const error = await rejection(provider.send(REQUEST, attempt(provider)));
    expect(error).toMatchObject({
      failure: "network",
      message: expect.stringMatching(/^Cannot ask 'm' as the connection failed: /) as string,
    });
    expect((error as Error).cause).toBeInstanceOf(Error);
    const gone = await WireServer.start(json(200, {}));
    const closedURL = gone.url;
    await gone[Symbol.asyncDispose]();
    const other = provide(closedURL, way);
    expect(await rejection(other.send(REQUEST, attempt(other)))).toMatchObject({ failure: "network" });
  });

  it("has its connection closed where what reads the answer has had enough", async () => {
    const { promise: closed, resolve: close } = deferred();
    const server = await serve((response) => {
      response.on("close", close);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: no JSON\n\n");
    });
    const provider = provide(server.url, way);
    const context = attempt(provider, { onText: () => {} });
    expect(await rejection(provider.send(REQUEST, context))).toMatchObject({ failure: "malformed" });
    await closed;
  });

  it("whose head nobody can take leaves no connection behind", async () => {
    const { promise: closed, resolve: close } = deferred();
    const server = await serve((response) => {
      response.on("close", close);
      response.write('{"choices"');
    });
    const provider = provide(server.url, way);
    const own = new Error("own");
    const onHeaders = (): void => {
      throw own;
    };
    expect(await rejection(provider.send(REQUEST, attempt(provider, { onHeaders })))).toBe(own);
    await closed;
  });
});

describe("a request through node:http", () => {
  it("that is answered by a change of the protocol fails at once", async () => {
    const server = await serve((response) => {
      response.socket!.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n");
    });
    const provider = provide(server.url);
    expect(await rejection(provider.send(REQUEST, attempt(provider)))).toMatchObject({ failure: "network" });
  });

  it("takes the connection of the one before", async () => {
    const server = await serve();
    const provider = provide(server.url);
    for (let i = 0; i < 3; i += 1) await provider.send(REQUEST, attempt(provider));
    server.answer = stream('data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n');
    for (let i = 0; i < 2; i += 1) await provider.send(REQUEST, attempt(provider, { onText: () => {} }));
    expect(server.sockets).toHaveLength(1);
    await provider.close?.();
    if (!server.sockets[0]!.destroyed) await once(server.sockets[0]!, "close");
  });

  it("is sent once more where the server closes an idle connection just as it is written to, and only there", async () => {
    const requests: number[] = [];
    const url = await serveRaw((socket, index) => {
      let count = 0;
      socket.on("data", () => {
        requests.push(index);
        count += 1;
        // A second request on a connection meets its end; the third connection does at once.
        if (count > 1 || index === 2) socket.resetAndDestroy();
        else socket.write(rawAnswer(`from ${index}`));
      });
    });
    let clock = 0;
    const transport = new NodeTransport(() => clock);
    cleanups.push(() => transport.close());
    const signal = new AbortController().signal;
    const ask = async (): Promise<unknown> => {
      const reply = await transport.post({ url: new URL(url), headers: {}, body: "{}", signal });
      return JSON.parse(await readBody(reply));
    };
    expect(await ask()).toEqual(chatCompletion("from 0"));
    clock += 2000;
    expect(await ask()).toEqual(chatCompletion("from 1"));
    expect(requests).toEqual([0, 0, 1]);
    // On a new connection a reset is a reset, and on one in use.
    expect(await rejection(ask())).toMatchObject({ code: "ECONNRESET" });
    expect(requests).toEqual([0, 0, 1, 2]);
    expect(await ask()).toEqual(chatCompletion("from 3"));
    clock += 500;
    expect(await rejection(ask())).toMatchObject({ code: "ECONNRESET" });
    expect(requests).toEqual([0, 0, 1, 2, 3, 3]);
  });

  it("ends where the provider is closed", async () => {
    const { promise: begun, resolve: begin } = deferred();
    const server = await serve(() => begin());
    const provider = provide(server.url);
    const asked = rejection(provider.send(REQUEST, attempt(provider)));
    await begun;
    await provider.close?.();
    expect(await asked).toMatchObject({ failure: "network" });
  });

  it("tells a body that is not compressed as its headers say", async () => {
    const server = await serve(json(200, chatCompletion("hi"), { "content-encoding": "gzip" }));
    const provider = provide(server.url);
    expect(await rejection(provider.send(REQUEST, attempt(provider)))).toMatchObject({ failure: "malformed" });
    server.answer = json(200, chatCompletion("hi"), { "content-encoding": "zzz" });
    expect(await rejection(provider.send(REQUEST, attempt(provider)))).toMatchObject({
      failure: "malformed",
      message: "Cannot read the answer of 'm' as the response has the unknown content-encoding 'zzz'",
    });
  });
});
