import { describe, expect, it } from "vitest";
import { LimitSet, ResourceLimit } from "manyhands";
import { FakeClock, stateOf, turn } from "./fake-clock.js";
import { Line } from "./test-line.js";

describe("a thread that helps itself", () => {
  it("takes what is free without a message, and asks the owner while somebody waits", async () => {
    const set = new LimitSet([new ResourceLimit({ key: "slots", capacity: 2 })]);
    const line = new Line(set, true);
    await line.carry();
    const grant = await line.client.acquire();
    expect(line.up).toEqual([]);
    expect(set.stats().limits[0]!.inUse).toBe(1);
    const large = set.acquire({ slots: 2 });
    const small = line.client.acquire();
    expect(line.up.map(({ what }) => what)).toEqual(["acquire"]);
    grant.release();
    // It tells that others may take something now.
    await line.carry();
    (await large).release();
    await line.carry();
    (await small).release();
    await line.carry();
    expect(set.stats()).toMatchObject({ waiting: 0, limits: [{ inUse: 0 }] });
  });

  it("takes nothing by itself while the set is paused", async () => {
    const set = new LimitSet([new ResourceLimit({ key: "slots", capacity: 2 })]);
    const line = new Line(set, true);
    await line.carry();
    set.pause(20);
    const asked = line.client.acquire();
    expect(line.up.map(({ what }) => what)).toEqual(["acquire"]);
    line.carryUp();
    expect(await stateOf(asked)).toBe("pending");
    while (line.down.length === 0) await turn();
    await line.carry();
    (await asked).release();
  });

  it("says of a call that it holds something, which the owner cannot see: nobody waits for it in vain", async () => {
    const clock = new FakeClock();
    const limits = ["slots", "files"].map((key) => new ResourceLimit({ key, capacity: 1 }));
    const set = new LimitSet(limits, { clock });
    const line = new Line(set, true);
    await line.carry();
    const files = await set.acquire({ slots: 0, files: 1 });
    const caller = { id: "thread call", signal: new AbortController().signal };
    const outer = await line.client.acquireFor(caller, { slots: 1, files: 0 });
    // All of these wait for what the call holds, and the first of them has been overtaken often enough.
    const others = Array.from({ length: 30 }, () => set.acquire().then((grant) => grant.release()));
    files.release();
    for (let index = 0; index < 20; index += 1) {
      const overtaking = set.acquire({ slots: 0, files: 1 }, { timeout: 10 });
      overtaking.then((grant) => grant.release()).catch(() => {});
      await turn();
    }
    const inner = line.client.acquireFor(caller, { slots: 0, files: 1 });
    await line.carry();
    expect(await stateOf(inner)).toBe("fulfilled");
    (await inner).release();
    outer.release();
    await line.carry();
    await Promise.all(others);
    await clock.advance(10);
    expect(set.stats().waiting).toBe(0);
  });

  it("is given back what it held when it dies, and nobody else's", async () => {
    const set = new LimitSet([new ResourceLimit({ key: "slots", capacity: 5 })]);
    const [dies, lives] = [new Line(set, true), new Line(set, true)];
    await dies.carry();
    await dies.client.acquire({ slots: 2 });
    await lives.client.acquire({ slots: 1 });
    const own = await set.acquire({ slots: 1 });
    const waiting = set.acquire({ slots: 3 });
    expect(await stateOf(waiting)).toBe("pending");
    dies.server.close();
    (await waiting).release();
    expect(set.stats().limits[0]!.inUse).toBe(2);
    own.release();
    // Its row can be had by another.
    const next = new Line(set, true);
    await next.client.acquire({ slots: 4 });
    expect(set.stats().limits[0]!.inUse).toBe(5);
  });

  it("asks the owner where there are more threads than rows", async () => {
    const set = new LimitSet([new ResourceLimit({ key: "slots", capacity: 100 })]);
    const lines = Array.from({ length: 70 }, () => new Line(set, true));
    const shared = lines.filter((line) => line.server.ticket.sets[0]!.shared);
    expect(shared.length).toBeLessThan(70);
    expect(shared.length).toBeGreaterThan(50);
    const asked = lines.map((line) => line.client.acquire());
    for (const line of lines) await line.carry();
    await Promise.all(asked);
    expect(set.stats().limits[0]!.inUse).toBe(70);
    for (const line of lines) line.server.close();
    expect(set.stats().limits[0]!.inUse).toBe(0);
  });
});
