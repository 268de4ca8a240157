import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { entryBytes } from "../../dist/wire/codec/entry-buffer.js";
import { deserialize, serialize } from "../../dist/wire/serialize.js";
import { SocketChannel } from "../../dist/wire/socket-channel.js";

let folder: string;
let server: Server;
let path: string;
const open: Socket[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "manyhands-"));
  path = process.platform === "win32" ? `\\\\.\\pipe\\${folder.replaceAll(/\W/g, "-")}` : join(folder, "socket");
  server = createServer({ pauseOnConnect: true }).listen(path);
  await once(server, "listening");
});

afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Two connected sockets of the operating system. */
async function pair(): Promise<[near: Socket, far: Socket]> {
  const accepted = once(server, "connection");
  const near = createConnection(path);
  await once(near, "connect");
  const [far] = (await accepted) as [Socket];
  open.push(near, far);
  return [near, far];
}

function post(channel: SocketChannel, entry: unknown[]): void {
  channel.put(entry);
  channel.flush();
}

/** What arrives at a channel, to be awaited message by message. */
class Inbox {
  readonly channel: SocketChannel;
  readonly messages: unknown[][] = [];
  received = 0;
  closes = 0;
  #wake = (): void => {};

  constructor(socket: Socket) {
    this.channel = new SocketChannel(socket);
    this.channel.onMessage = (message) => {
      this.messages.push(message);
      this.#wake();
    };
    this.channel.onClose = () => {
      this.closes += 1;
      this.#wake();
    };
    socket.on("data", (chunk: Buffer) => {
      this.received += chunk.length;
      this.#wake();
    });
    socket.resume();
  }

  async until(isReached: () => boolean): Promise<void> {
    while (!isReached()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  async next(): Promise<unknown[]> {
    await this.until(() => this.messages.length > 0);
    return this.messages.shift()!;
  }
}

/** A frame as documented: the length in 4 bytes, little-endian, then entries. */
function frame(message: unknown[]): Buffer {
  const body = entryBytes(message);
  const header = Buffer.alloc(4);
  header.writeUInt32LE(body.length);
  return Buffer.concat([header, body]);
}

/** Writes the bytes in pieces, each of which arrives before the next is written. */
async function writeInPieces(socket: Socket, inbox: Inbox, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  const before = inbox.received;
  let start = 0;
  for (const end of [...new Set([...cuts, bytes.length])].toSorted((a, b) => a - b)) {
    if (end === start) continue;
    socket.write(bytes.subarray(start, end));
    start = end;
    await inbox.until(() => inbox.received === before + end);
  }
}

const anything = fc.anything({
  maxDepth: 4,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

describe("serialize", () => {
  it("is reversed by deserialize", () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(deserialize(serialize(value))).toEqual(value);
      }),
    );
  });

  it("keeps the kind of each view, and makes a Uint8Array of a Buffer", () => {
    const views = [new Float32Array([1.5]), new BigUint64Array([1n]), new DataView(new ArrayBuffer(3), 1)];
    const back = deserialize(serialize([...views, Buffer.from("abc")])) as object[];
    expect(back.map((view) => view.constructor)).toEqual([Float32Array, BigUint64Array, DataView, Uint8Array]);
    expect(back[3]).toEqual(new Uint8Array([97, 98, 99]));
  });
});

describe("SocketChannel", () => {
  const messages = [[1, "two", { three: [3n, new Date(4)] }], [], ["ünïcödé 👋", new Uint8Array([5, 6])]];

  it("writes frames as documented", async () => {
    const [near, far] = await pair();
    const chunks: Buffer[] = [];
    far.on("data", (chunk: Buffer) => chunks.push(chunk));
    far.resume();
    const channel = new SocketChannel(near, "v8");
    for (const message of messages) post(channel, message);
    near.end();
    await once(far, "end");
    expect(Buffer.concat(chunks)).toEqual(Buffer.concat(messages.map(frame)));
  });

  it("reads frames split at every byte boundary", async () => {
    const [near, far] = await pair();
    const inbox = new Inbox(far);
    const bytes = Buffer.concat(messages.map(frame));
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      await writeInPieces(near, inbox, bytes, [cut]);
      expect(inbox.messages.splice(0)).toEqual(messages);
    }
  });

  it("reads frames that come byte by byte", async () => {
    const [near, far] = await pair();
    const inbox = new Inbox(far);
    const bytes = Buffer.concat(messages.map(frame));
    await writeInPieces(near, inbox, bytes, [...bytes.keys()]);
    expect(inbox.messages).toEqual(messages);
  });

  it("delivers a message no sooner than its last byte", async () => {
    const [near, far] = await pair();
    const inbox = new Inbox(far);
    const bytes = frame(["whole"]);
    await writeInPieces(near, inbox, bytes.subarray(0, -1), []);
    expect(inbox.messages).toEqual([]);
    near.write(bytes.subarray(-1));
    expect(await inbox.next()).toEqual(["whole"]);
  });

  it("reads any messages cut in any places", async () => {
    const [near, far] = await pair();
    const inbox = new Inbox(far);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anything, { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat({ max: 600 }), { maxLength: 6 }),
        async (sent, cuts) => {
          const bytes = Buffer.concat(sent.map(frame));
          const inside = cuts.filter((cut) => cut < bytes.length);
          await writeInPieces(near, inbox, bytes, inside);
          expect(inbox.messages.splice(0)).toEqual(sent);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("carries structured values both ways, in order", async () => {
    const [near, far] = await pair();
    const [here, there] = [new Inbox(near), new Inbox(far)];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anything), { minLength: 1, maxLength: 8 }), async (sent) => {
        for (const message of sent) {
          post(here.channel, message);
          post(there.channel, [message]);
        }
        await there.until(() => there.messages.length === sent.length);
        await here.until(() => here.messages.length === sent.length);
        expect(there.messages.splice(0)).toEqual(sent);
        expect(here.messages.splice(0)).toEqual(sent.map((message) => [message]));
      }),
    );
  });

  it("carries large frames between small ones", async () => {
    const [near, far] = await pair();
    const [inbox, { channel }] = [new Inbox(far), new Inbox(near)];
    // On both sides of the size from which header and body are written apart, and far beyond what a socket takes at once.
    const sizes = [1, 65_520, 65_530, 65_536, 70_000, 3, 5_000_000, 2, 20_000_000, 4];
    const sent = sizes.map((size, at) => [at, new Uint8Array(size).fill(at + 1), "é".repeat(size % 1000)]);
    for (const message of sent) post(channel, message);
    for (const [at, bytes, text] of sent as [number, Uint8Array, string][]) {
      const [sameAt, sameBytes, sameText] = (await inbox.next()) as [number, Uint8Array, string];
      expect([sameAt, sameText]).toEqual([at, text]);
      expect(Buffer.compare(sameBytes, bytes)).toBe(0);
    }
    expect(inbox.messages).toEqual([]);
  });

  it("is congested while the other side does not read, and tells once when that is over", async () => {
    const [near, far] = await pair();
    const { channel } = new Inbox(near);
    expect(channel.isCongested).toBe(false);
    let drained = 0;
    channel.onceDrained(() => (drained += 1));
    expect(drained).toBe(1);

    let sent = 0;
    for (; !channel.isCongested; sent += 1) post(channel, [new Uint8Array(100_000)]);
    const isDrained = new Promise<void>((resolve) => {
      channel.onceDrained(() => {
        drained += 1;
        resolve();
      });
    });
    expect(drained).toBe(1);
    const inbox = new Inbox(far);
    await isDrained;
    expect(channel.isCongested).toBe(false);
    await inbox.until(() => inbox.messages.length === sent);
    expect(drained).toBe(2);
  });

  it("throws what cannot be serialized, and sends nothing of it", async () => {
    const [near, far] = await pair();
    const [inbox, { channel }] = [new Inbox(far), new Inbox(near)];
    post(channel, ["before"]);
    expect(() => post(channel, ["part", () => {}])).toThrow(/could not be cloned/);
    expect(() => post(channel, [new SharedArrayBuffer(1)])).toThrow();
    post(channel, ["after"]);
    expect([await inbox.next(), await inbox.next()]).toEqual([["before"], ["after"]]);
  });

  it("delivers what was sent before the other side left, then says once that it is closed", async () => {
    const [near, far] = await pair();
    const [inbox, { channel }] = [new Inbox(far), new Inbox(near)];
    const order: string[] = [];
    inbox.channel.onMessage = ([word]) => void order.push(word as string);
    const isClosed = new Promise<void>((resolve) => {
      inbox.channel.onClose = () => {
        order.push("closed");
        resolve();
      };
    });
    post(channel, ["one"]);
    post(channel, ["two"]);
    near.end(frame(["three"]).subarray(0, 6));
    await isClosed;
    far.destroy();
    inbox.channel.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["one", "two", "closed"]);
  });

  it("tells both sides when one closes, and ignores what is posted afterwards", async () => {
    const [near, far] = await pair();
    const [here, there] = [new Inbox(near), new Inbox(far)];
    here.channel.close();
    await Promise.all([here.until(() => here.closes > 0), there.until(() => there.closes > 0)]);
    expect(() => post(here.channel, ["late"])).not.toThrow();
    expect(() => post(there.channel, ["late"])).not.toThrow();
    expect([here.closes, there.closes]).toEqual([1, 1]);
  });

  it("takes a broken pipe for the end, not for an error", async () => {
    const [near, far] = await pair();
    const here = new Inbox(near);
    far.destroy();
    // Written before the end is known: the system answers with an error.
    for (let count = 0; count < 50; count += 1) post(here.channel, [new Uint8Array(100_000)]);
    await here.until(() => here.closes > 0);
    expect(here.closes).toBe(1);
  });
});
