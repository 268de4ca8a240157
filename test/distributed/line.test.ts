import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { decodeFrame, encodeFrame } from "../../dist/distributed/line/frame.js";
import { LARGEST_PAYLOAD, Party } from "../../dist/distributed/line/party.js";
import { BrokerUnavailableError } from "../../dist/errors.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { freshPrefix, type PrivateRedis, sharedRedis, startRedis } from "../redis.js";
import { type Ear, record, type Scene, scene } from "./line-traffic.js";
import { weakLink } from "./weak-link.js";

const DEADLINE = { timeout: 10_000, interval: 5 };

/** Makes an inbox that nobody reads yet. */
async function unread(stage: Scene, id: string): Promise<void> {
  await stage.redis.call("XGROUP", "CREATE", stage.inbox(id), "g", "0", "MKSTREAM");
}

/** Sends texts in a frame each. */
async function inFrames(ear: Ear, peer: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    ear.say(peer, text);
    await vi.waitFor(() => expect(ear.party.unsent).toBe(0), DEADLINE);
  }
}

async function idsIn(stage: Scene, id: string): Promise<string[]> {
  return ((await stage.redis.call("XRANGE", stage.inbox(id), "-", "+")) as [string, unknown][]).map(([entry]) => entry);
}

describe("a line", () => {
  it("brings records to a peer, in order, and says their positions", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    const b = await stage.listen("b");
    expect(a.say("b", "1")).toBe(1);
    expect(a.say("b", "2")).toBe(2);
    await b.until(() => b.heard.get("a")?.length === 2);
    expect(a.say("b", "3")).toBe(3);
    b.say("a", "answer");
    await Promise.all([b.until(() => b.heard.get("a")?.length === 3), a.until(() => a.heard.has("b"))]);
    expect(b.heard.get("a")).toEqual(["1", "2", "3"]);
    expect(a.heard.get("b")).toEqual(["answer"]);
    await vi.waitFor(() => expect(a.party.unsent).toBe(0), DEADLINE);
    expect([a.broken, b.broken]).toEqual([[], []]);
  });

  it("carries traffic between three exactly once and in order, whatever its rhythm", async () => {
    await using stage = scene();
    const ids = ["a", "b", "c"];
    const ears = await Promise.all(ids.map((id) => stage.listen(id)));
    const sent = new Map(ids.map((id) => [id, new Map<string, string[]>()]));
    let count = 0;
    const step = fc.record({
      from: fc.nat(2),
      to: fc.nat(2),
      records: fc.integer({ min: 1, max: 60 }),
      size: fc.constantFrom(0, 10, 1000, 100_000),
      pause: fc.constantFrom("none", "microtask", "turn", "ms"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        for (const { from, to, records, size, pause } of steps) {
          const list = sent.get(ids[to]!)!.get(ids[from]!) ?? [];
          sent.get(ids[to]!)!.set(ids[from]!, list);
          for (let at = 0; at < (size > 1000 ? 3 : records); at += 1) {
            list.push(`${(count += 1)} ${"x".repeat(size)}`);
            ears[from]!.say(ids[to]!, list.at(-1)!);
          }
          if (pause === "microtask") await Promise.resolve();
          if (pause === "turn") await new Promise((resolve) => setImmediate(resolve));
          if (pause === "ms") await new Promise((resolve) => setTimeout(resolve, 1));
        }
        for (const ear of ears) {
          const expected = sent.get(ear.id)!;
          await ear.until(() => [...expected].every(([from, texts]) => ear.heard.get(from)?.length === texts.length));
          expect(ear.heard).toEqual(expected);
          ear.heard.clear();
          expected.clear();
        }
      }),
      { numRuns: 15 },
    );
    for (const ear of ears) expect(ear.broken).toEqual([]);
  });

  it("hears a frame once that is there several times", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    const b = await stage.listen("b");
    const [first, second] = [1, 2].map((number) =>
      encodeFrame({ from: "a", session: 1, number, taken: 0, isSync: false }, [record(`${number}`)]),
    );
    for (const frame of [first!, first!, second!, first!, second!]) {
      await stage.redis.call("XADD", stage.inbox("b"), "*", "f", frame);
    }
    await stage.redis.call("XADD", stage.inbox("b"), "*", "n", '"over"');
    await b.until(() => b.notices.length === 1);
    expect(b.heard.get("a")).toEqual(["1", "2"]);
    expect([a.broken, b.broken]).toEqual([[], []]);
  });

  it("breaks on both sides, once, when an entry was lost, and then begins anew", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    await unread(stage, "b");
    await inFrames(a, "b", ["1", "2", "3"]);
    await stage.redis.call("XDEL", stage.inbox("b"), (await idsIn(stage, "b"))[1]!);
    const from = performance.now();
    const b = await stage.listen("b");
    await Promise.all([a.until(() => a.broken.length > 0), b.until(() => b.broken.length > 0)]);
    // It is told, and does not find out by a sync.
    expect(performance.now() - from).toBeLessThan(1500);
    expect(b.heard.get("a")).toEqual(["1"]);
    expect(b.broken[0]!.error.message).toBe(
      "Cannot go on with 'a' as the broker lost a part of what it sent: frame 2 is missing, and 3 is there",
    );
    expect(a.say("b", "4")).toBe(4);
    b.say("a", "5");
    await Promise.all([a.until(() => a.heard.has("b")), b.until(() => b.heard.get("a")!.length > 1)]);
    expect(b.heard.get("a")).toEqual(["1", "4"]);
    expect(a.heard.get("b")).toEqual(["5"]);
    expect([a.broken.length, b.broken.length]).toEqual([1, 1]);
  });

  it("finds out that the last entry was lost", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    await unread(stage, "b");
    await inFrames(a, "b", ["1", "2"]);
    await stage.redis.call("XDEL", stage.inbox("b"), (await idsIn(stage, "b"))[1]!);
    const b = await stage.listen("b");
    await Promise.all([a.until(() => a.broken.length > 0), b.until(() => b.broken.length > 0)]);
    expect(b.heard.get("a")).toEqual(["1"]);
  });

  it("looks back for an entry that was delivered to nobody", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    const c = await stage.listen("c");
    await unread(stage, "b");
    await inFrames(a, "b", ["1"]);
    // As if a connection that is lost had been served it.
    await stage.redis.call("XREADGROUP", "GROUP", "g", "c", "NOACK", "STREAMS", stage.inbox("b"), ">");
    await inFrames(c, "b", ["other"]);
    await inFrames(a, "b", ["2"]);
    const b = await stage.listen("b");
    await b.until(() => b.heard.get("a")?.length === 2);
    expect(b.heard).toEqual(
      new Map([
        ["c", ["other"]],
        ["a", ["1", "2"]],
      ]),
    );
    expect([a.broken, b.broken]).toEqual([[], []]);
  });

  it("breaks when the peer has no inbox, and does not make one", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    a.say("nobody", "1");
    await a.until(() => a.broken.length === 1);
    expect(a.broken[0]!.peer).toBe("nobody");
    expect(a.broken[0]!.error.message).toBe(
      "Cannot send to 'nobody' as its inbox is gone: it ended, or counts as dead",
    );
    expect(await stage.redis.call("EXISTS", stage.inbox("nobody"))).toBe(0);
    expect(a.party.unsent).toBe(0);
  });

  it("says once that the own inbox is gone, and is silent from then on", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    const b = await stage.listen("b");
    a.say("b", "1");
    await b.until(() => b.heard.has("a"));
    await stage.redis.call("DEL", stage.inbox("a"));
    await a.until(() => a.evictions > 0);
    expect(a.say("b", "2")).toBe(0);
    b.say("a", "3");
    await b.until(() => b.broken.length > 0);
    await a.party.close(100);
    expect([a.evictions, a.broken.length, b.heard.get("a")]).toEqual([1, 0, ["1"]]);
  });

  it("knows what a peer that stopped reading may have received", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    await unread(stage, "b");
    await inFrames(a, "b", ["1", "2", "3"]);
    a.say("b", "4");
    a.say("b", "5");
    await vi.waitFor(() => expect(a.party.unsent).toBe(0), DEADLINE);
    const delivered = async (): Promise<string> => {
      const groups = await stage.redis.call("XINFO", "GROUPS", stage.inbox("b"));
      const fields = (groups as string[][])[0]!;
      return fields[fields.indexOf("last-delivered-id") + 1]!;
    };
    const read = (count: number): Promise<unknown> =>
      stage.redis.call("XREADGROUP", "GROUP", "g", "c", "COUNT", count, "NOACK", "STREAMS", stage.inbox("b"), ">");
    expect(a.party.reached("b", await delivered())).toBe(0);
    await read(2);
    expect(a.party.reached("b", await delivered())).toBe(2);
    await read(2);
    const last = await delivered();
    expect(a.party.reached("b", last)).toBe(5);
    await stage.redis.call("DEL", stage.inbox("b"));
    a.say("b", "6");
    await a.until(() => a.broken.length === 1);
    expect(a.party.reached("b", last)).toBe(5);
    expect(a.party.reached("c", last)).toBe(0);
  });

  it("forgets a peer: nothing is sent to it or taken from it", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    const b = await stage.listen("b");
    b.say("a", "1");
    await a.until(() => a.heard.has("b"));
    a.say("b", "never");
    a.party.forget("b");
    expect([a.say("b", "2"), a.party.unsent]).toEqual([0, 0]);
    b.say("a", "3");
    await vi.waitFor(() => expect(b.party.unsent).toBe(0), DEADLINE);
    await stage.redis.call("XADD", stage.inbox("a"), "*", "n", "{}");
    await a.until(() => a.notices.length === 1);
    expect([a.heard.get("b"), b.heard.has("a")]).toEqual([["1"], false]);
  });

  it("hears notices, and passes over what is neither", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    const put = (...fields: (string | Buffer)[]): Promise<unknown> =>
      stage.redis.call("XADD", stage.inbox("a"), "*", ...fields);
    await put("f", "no frame");
    await put("f", Buffer.alloc(20, 255));
    await put("n", "{no json");
    await put("x", "1");
    await put("n", '{"placed":{"worker":"w"}}');
    await a.until(() => a.notices.length > 0);
    expect(a.notices).toEqual([{ placed: { worker: "w" } }]);
  });

  it("sends what is unsent before it closes", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    const b = await stage.listen("b");
    for (let at = 0; at < 500; at += 1) a.say("b", "x".repeat(10_000));
    await a.party.close(5000);
    await b.until(() => b.heard.get("a")?.length === 500);
    expect(a.say("b", "2")).toBe(0);
  });

  it("refuses a payload that Redis would not take", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    const payload = { byteLength: LARGEST_PAYLOAD + 1 } as Uint8Array;
    a.party.send("b", { link: "l", kind: 1, payload });
    await a.until(() => a.broken.length > 0);
    expect(a.broken[0]!.error.message).toContain("as a payload may have at most 535822336 bytes: it has 535822337");
  });

  it("does not open while the broker cannot be reached", async () => {
    const broker = resolveBroker({ url: "redis://127.0.0.1:1", prefix: freshPrefix(), brokerTimeout: 200 });
    const deaf = { received() {}, noticed() {}, broken() {}, evicted() {} };
    await expect(Party.open(broker, "a", deaf)).rejects.toThrow("Cannot reach the broker within 200 ms");
    await using stage = scene();
    await stage.redis.call("SET", stage.inbox("a"), "no stream", "PX", 1000);
    await expect(Party.open(stage.broker, "a", deaf)).rejects.toThrow("'brokerTimeout': WRONGTYPE");
  });
});

describe("a line over a weak network", () => {
  it("fetches at once what a connection that was lost was to deliver, and sends what it was to send once", async () => {
    await using link = await weakLink(sharedRedis());
    await using stage = scene();
    const a = await stage.listen("a");
    const b = await stage.listen("b", link.url);
    for (let round = 1; round <= 5; round += 1) {
      link.loseNextAnswers();
      const from = performance.now();
      a.say("b", String(round));
      b.say("a", String(round));
      await Promise.all([a, b].map((ear, at) => ear.until(() => ear.heard.get("ba"[at]!)?.length === round)));
      expect(performance.now() - from).toBeLessThan(1500);
    }
    expect([a.heard.get("b"), b.heard.get("a")]).toEqual([
      ["1", "2", "3", "4", "5"],
      ["1", "2", "3", "4", "5"],
    ]);
    expect([a.broken, b.broken]).toEqual([[], []]);
  });

  it("leaves connections that are silent for too long", async () => {
    await using link = await weakLink(sharedRedis());
    await using stage = scene();
    const a = await stage.listen("a");
    const b = await stage.listen("b", link.url);
    a.say("b", "0");
    await b.until(() => b.heard.has("a"));
    link.cut();
    // The first of them is served to the connection that is lost.
    await inFrames(a, "b", ["1", "2", "3"]);
    b.say("a", "1");
    await Promise.all([b.until(() => b.heard.get("a")!.length === 4), a.until(() => a.heard.has("b"))]);
    expect([a.heard.get("b"), b.heard.get("a")]).toEqual([["1"], ["0", "1", "2", "3"]]);
    expect([a.broken, b.broken]).toEqual([[], []]);
  });
});

describe("a frame", () => {
  it("is read as it was written, and refused when it is cut", () => {
    const number = fc.maxSafeNat();
    const head = fc.record({ from: fc.string(), session: number, number, taken: number, isSync: fc.boolean() });
    const link = fc.oneof(fc.constantFrom("a", "", "ä€𝄞"), fc.string({ unit: fc.constantFrom("a", "é", "€", "𝄞") }));
    const part = fc.record({ link, kind: fc.nat(), payload: fc.uint8Array({ maxLength: 50 }) });
    fc.assert(
      fc.property(head, fc.array(part), (start, records) => {
        const bytes = encodeFrame(start, records);
        const { records: read, ...rest } = decodeFrame(bytes);
        expect(rest).toEqual(start);
        expect(read.map((one) => ({ ...one, payload: new Uint8Array(one.payload) }))).toEqual(records);
        if (records.length > 0) expect(() => decodeFrame(bytes.subarray(0, -1))).toThrow(RangeError);
      }),
      { numRuns: 50 },
    );
  });
});

describe("a line, when the broker fails", () => {
  let server: PrivateRedis;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  async function exactlyOnce(count: number, trouble: (stage: Scene) => Promise<void>): Promise<void> {
    await using stage = scene({ url: server.url });
    const a = await stage.listen("a");
    const b = await stage.listen("b");
    const talk = async (from: Ear, to: string): Promise<void> => {
      for (let at = 0; at < count; at += 10) {
        for (let more = 0; more < 10; more += 1) from.say(to, String(at + more));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    const isOver = (ear: Ear, from: string) => ear.until(() => (ear.heard.get(from)?.length ?? 0) >= count);
    await Promise.all([talk(a, "b"), talk(b, "a"), trouble(stage), isOver(a, "b"), isOver(b, "a")]);
    const expected = Array.from({ length: count }, (_, at) => String(at));
    expect([a.heard.get("b"), b.heard.get("a")]).toEqual([expected, expected]);
    expect([a.broken, b.broken]).toEqual([[], []]);
  }

  it("delivers all exactly once while connections are killed again and again", async () => {
    await exactlyOnce(2000, async ({ redis }) => {
      for (let kills = 0; kills < 12; kills += 1) {
        await redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await new Promise((resolve) => setTimeout(resolve, 40 + 10 * kills));
      }
    });
  });

  it("delivers all exactly once when Redis is killed and restarted", async () => {
    await exactlyOnce(500, async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      await server.kill();
      await server.restart();
    });
  });

  it("delivers all exactly once when Redis is frozen for longer than the lease", async () => {
    await exactlyOnce(500, async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      process.kill(server.pid, "SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, 1500));
      process.kill(server.pid, "SIGCONT");
    });
  });

  it("waits while Redis is full, breaks after brokerTimeout, and goes on when there is room", async () => {
    await using stage = scene({ url: server.url, brokerTimeout: 500 });
    const a = await stage.listen("a");
    const b = await stage.listen("b");
    await stage.redis.call("CONFIG", "SET", "maxmemory", 1);
    a.say("b", "waits");
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect([a.party.unsent, a.broken.length]).toEqual([1, 0]);
    await stage.redis.call("CONFIG", "SET", "maxmemory", 0);
    await b.until(() => b.heard.has("a"));

    await stage.redis.call("CONFIG", "SET", "maxmemory", 1);
    const from = performance.now();
    a.say("b", "dropped");
    await a.until(() => a.broken.length > 0);
    expect(performance.now() - from).toBeGreaterThan(450);
    expect(performance.now() - from).toBeLessThan(2000);
    const { error } = a.broken[0]!;
    expect(error).toBeInstanceOf(BrokerUnavailableError);
    expect(error.message).toContain("OOM");
    expect((error.cause as Error).message).toContain("OOM");
    expect(a.party.unsent).toBe(0);
    await stage.redis.call("CONFIG", "SET", "maxmemory", 0);
    a.say("b", "later");
    await b.until(() => b.heard.get("a")!.length > 1);
    expect(b.heard.get("a")).toEqual(["waits", "later"]);
    expect([a.broken.length, b.broken.length]).toEqual([1, 1]);
  });

  it("breaks after brokerTimeout when Redis stays away, keeps nothing, and goes on when it is back", async () => {
    await using stage = scene({ url: server.url, brokerTimeout: 1000 });
    const a = await stage.listen("a");
    const b = await stage.listen("b");
    a.say("b", "1");
    await b.until(() => b.heard.has("a"));
    await server.kill();
    a.say("b", "2");
    b.say("a", "3");
    await Promise.all([a.until(() => a.broken.length > 0), b.until(() => b.broken.length > 0)]);
    expect(a.broken[0]!.error.message).toMatch(
      /^Cannot send to 'b' as the broker did not answer for \d+ ms: 1 messages are dropped, see 'brokerTimeout'$/,
    );
    expect(a.party.unsent + b.party.unsent).toBe(0);
    await server.restart();
    a.say("b", "4");
    b.say("a", "5");
    await Promise.all([a.until(() => a.heard.has("b")), b.until(() => b.heard.get("a")!.length > 1)]);
    expect([a.heard.get("b"), b.heard.get("a")]).toEqual([["5"], ["1", "4"]]);
  });
});
