import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { resolveBroker } from "../../dist/config/broker.js";
import { encodeFrame } from "../../dist/distributed/line/frame.js";
import { LARGEST_PAYLOAD, Party } from "../../dist/distributed/line/party.js";
import { freshPrefix } from "#fixtures/redis.js";
import { DEADLINE, idsIn, inFrames, record, scene, unread } from "./line-traffic.js";

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
      { numRuns: 10 },
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

  it("breaks once, and not again and again, when the broker refuses what is sent", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    await stage.redis.call("SET", stage.inbox("b"), "no stream", "PX", 1000);
    a.say("b", "1");
    a.say("b", "2");
    await a.until(() => a.broken.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(a.broken.length).toBe(1);
    expect(a.broken[0]!.error.message).toMatch(
      /^Cannot send 2 messages to 'b' as the broker refused it for \d+ ms: WRONGTYPE/,
    );
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
    await expect(Party.open(stage.broker, "a", deaf)).rejects.toThrow("as it refused it: WRONGTYPE");
  });
});
