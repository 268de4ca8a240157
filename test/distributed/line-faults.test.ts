import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BrokerUnavailableError } from "../../dist/errors.js";
import { type PrivateRedis, sharedRedis, startRedis } from "#fixtures/redis.js";
import { type Ear, idsIn, inFrames, type Scene, scene, unread } from "./line-traffic.js";
import { weakLink } from "./weak-link.js";

// They wait most of their time.
describe.concurrent("a line over a weak network", () => {
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
      /^Cannot send 1 message to 'b' as the broker did not answer for \d+ ms; see 'brokerTimeout'$/,
    );
    expect(a.party.unsent + b.party.unsent).toBe(0);
    await server.restart();
    a.say("b", "4");
    b.say("a", "5");
    await Promise.all([a.until(() => a.heard.has("b")), b.until(() => b.heard.get("a")!.length > 1)]);
    expect([a.heard.get("b"), b.heard.get("a")]).toEqual([["5"], ["1", "4"]]);
  });
});
