import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallLimit, LimitDeadlockError, LimitPool, LimitSet, RateLimit, ResourceLimit } from "manyhands";
import type { HeldGrant } from "../../dist/limits/grant.js";
import { FakeClock, stateOf, turn } from "./fake-clock.js";
import { Line } from "./test-line.js";

function world(capacity = 2): { clock: FakeClock; set: LimitSet; line: Line; inUse(): number[] } {
  const clock = new FakeClock();
  const limits = [
    new ResourceLimit({ key: "slots", capacity }),
    new RateLimit({ key: "tokens", capacity: 100, window: 1000, guard: 0 }),
  ];
  const set = new LimitSet(limits, { clock });
  return { clock, set, line: new Line(set), inUse: () => set.stats().limits.map((limit) => limit.inUse) };
}

function aborted(): { signal: AbortSignal; abort(): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error("not needed")) };
}

describe("LimitClient and LimitServer", () => {
  it("acquire, correct and give back over a line", async () => {
    const { line, inUse } = world();
    const asked = line.client.acquire({ slots: 2, tokens: 50 });
    await line.carry();
    const grant = await asked;
    expect(grant.amounts).toEqual({ slots: 2, tokens: 50 });
    expect(inUse()).toEqual([2, 50]);
    grant.update({ tokens: 20 });
    await line.carry();
    expect(inUse()).toEqual([2, 20]);
    grant.release();
    grant.release();
    await line.carry();
    expect(inUse()).toEqual([0, 20]);
    // What was really used is known late.
    grant.update({ tokens: 35 });
    await line.carry();
    expect(inUse()).toEqual([0, 35]);
  });

  it("wait in one queue with the owner's own requests", async () => {
    const { set, line } = world(1);
    const own = await set.acquire({ tokens: 1 });
    const there = line.client.acquire({ tokens: 1 });
    await line.carry();
    const here = set.acquire({ tokens: 1 });
    own.release();
    expect(await stateOf(here)).toBe("pending");
    await line.carry();
    (await there).release();
    await line.carry();
    (await here).release();
  });

  it("try without waiting", async () => {
    const { line, inUse } = world(1);
    const [first, second] = [line.client.tryAcquire({ tokens: 1 }), line.client.tryAcquire({ tokens: 1 })];
    await line.carry();
    expect(await first).toBeDefined();
    expect(await second).toBeUndefined();
    expect(inUse()).toEqual([1, 1]);
  });

  it("refuse at once, on the side that asks, what is wrong", async () => {
    const { line } = world();
    await line.carry();
    await expect(line.client.acquire()).rejects.toThrow(TypeError);
    await expect(line.client.acquire({ tokens: 101 })).rejects.toThrow(RangeError);
    await expect(line.client.acquire({ tokens: 1 }, { timeout: -1 })).rejects.toThrow(RangeError);
    await expect(line.client.acquire({ tokens: 1 }, { priority: Number.NaN })).rejects.toThrow(RangeError);
    await expect(line.client.acquire({ tokens: 1 }, { signal: AbortSignal.abort() })).rejects.toThrow();
    await expect(line.client.tryAcquire({ token: 1 })).rejects.toThrow(TypeError);
    expect(() => line.client.enqueueFor({ token: 1 }, { owner: undefined, granted: () => {} })).toThrow(TypeError);
    expect(line.up).toEqual([]);
  });

  it("leave the queue at once", async () => {
    const { set, line } = world(1);
    const own = await set.acquire({ tokens: 1 });
    const { signal, abort } = aborted();
    const asked = line.client.acquire({ tokens: 1 }, { signal });
    await line.carry();
    expect(set.stats().waiting).toBe(1);
    abort();
    await expect(asked).rejects.toThrow("not needed");
    await line.carry();
    expect(set.stats().waiting).toBe(0);
    own.release();
    expect(set.stats().limits[0]!.inUse).toBe(0);
  });

  it("cost nothing when the one who asked leaves while the grant is on its way", async () => {
    const { line, inUse } = world();
    const { signal, abort } = aborted();
    const asked = line.client.acquire({ slots: 1, tokens: 60 }, { signal });
    line.carryUp();
    await turn();
    expect(inUse()).toEqual([1, 60]);
    abort();
    await expect(asked).rejects.toThrow("not needed");
    await line.carry();
    expect(inUse()).toEqual([0, 0]);
  });

  it("cost nothing when it leaves before the grant is sent", async () => {
    const { line, inUse } = world();
    const { signal, abort } = aborted();
    const asked = line.client.acquire({ slots: 1, tokens: 60 }, { signal });
    abort();
    await expect(asked).rejects.toThrow("not needed");
    // Both arrive in one turn.
    line.carryUp();
    await line.carry();
    expect(inUse()).toEqual([0, 0]);
  });

  it("end a wait when the call is cancelled, also one with a signal of its own", async () => {
    const { set, line } = world(1);
    await set.acquire({ tokens: 1 });
    const { signal, abort } = aborted();
    const own = new AbortController().signal;
    const asked = line.client.acquireFor({ id: "call", signal }, { tokens: 1 }, { signal: own });
    await line.carry();
    abort();
    await expect(asked).rejects.toThrow("not needed");
    await line.carry();
    expect(set.stats().waiting).toBe(0);
  });

  it("carry errors of the owner", async () => {
    const { clock, set, line } = world(1);
    await set.acquire({ tokens: 1 });
    const asked = line.client.acquire({ tokens: 1 }, { timeout: 50 });
    asked.catch(() => {});
    await line.carry();
    await clock.advance(50);
    await line.carry();
    await expect(asked).rejects.toMatchObject({
      name: "TimeoutError",
      message: expect.stringContaining("within 50 ms"),
    });
    expect(line.server.ticket.sets.length).toBe(1);
  });

  it("tell a call that it would wait for itself, and let a holder go first", async () => {
    const { set, line } = world(2);
    const caller = { id: "call", signal: new AbortController().signal };
    const asked = line.client.acquireFor(caller, { slots: 2, tokens: 0 });
    await line.carry();
    const outer = await asked;
    await expect(line.client.acquireFor(caller, { slots: 1, tokens: 0 })).rejects.toThrow(LimitDeadlockError);
    for (let index = 0; index < 30; index += 1)
      void set.acquire({ slots: 1, tokens: 1 }).then((grant) => grant.release());
    const inner = line.client.acquireFor(caller, { slots: 0, tokens: 5 });
    await line.carry();
    expect(await stateOf(inner)).toBe("fulfilled");
    outer.release();
    await line.carry();
    expect(set.stats().waiting).toBe(0);
  });

  it("give back all when the worker is gone, and serve it no more", async () => {
    const { set, line, inUse } = world(2);
    const [first, second] = [line.client.acquire({ tokens: 1 }), line.client.acquire({ tokens: 1 })];
    const third = line.client.acquire({ slots: 2, tokens: 1 });
    third.catch(() => {});
    await line.carry();
    await Promise.all([first, second]);
    void line.client.acquire({ tokens: 1 });
    const own = set.acquire({ tokens: 0 });
    expect(await stateOf(own)).toBe("pending");
    line.isOpen = false;
    line.server.close();
    (await own).release();
    // What was sent before comes late.
    line.carryUp();
    await turn();
    expect(inUse()).toEqual([0, 2]);
    expect(set.stats().waiting).toBe(0);
  });

  it("pause and learn", async () => {
    const { set, line } = world();
    line.client.pause(500);
    line.client.learn(new Headers({ "x-ratelimit-remaining-tokens": "7" }));
    await line.carry();
    expect(set.stats().pausedFor).toBe(500);
    expect(set.stats().limits[1]!.inUse).toBe(93);
    expect(() => line.client.pause(-1)).toThrow(RangeError);
  });

  it("know of which set of a pool a grant is", async () => {
    const make = (region: string): LimitSet<{ region: string }> =>
      new LimitSet([new ResourceLimit({ key: "slots", capacity: 1 })], { config: { region } });
    const line = new Line(new LimitPool([make("eu"), make("us")]).at(1));
    const asked = [line.client.acquire(), line.client.acquire()];
    await line.carry();
    const grants = await Promise.all(asked);
    expect(grants.map(({ config }) => config)).toEqual([{ region: "us" }, { region: "eu" }]);
    expect(grants.map((grant) => line.client.indexOf(grant as HeldGrant<unknown>))).toEqual([1, 0]);
  });

  it("count what is begun there from when it has", async () => {
    const clock = new FakeClock();
    const set = new LimitSet([new CallLimit({ capacity: 1, window: 1000, guard: 0 })], { clock });
    const line = new Line(set);
    const asked = line.client.acquire();
    line.carryUp();
    await turn();
    line.carryDown();
    await asked;
    await turn();
    expect(line.up.map(({ what }) => what)).toContain("began");
  });

  it("wait without a promise: told once, and never after having left", async () => {
    const { set, line, inUse } = world(1);
    const granted: HeldGrant<unknown>[] = [];
    const requester = { owner: undefined, granted: (grant: HeldGrant<unknown>) => granted.push(grant) };
    line.client.enqueueFor({ tokens: 1 }, requester);
    const second = line.client.enqueueFor({ tokens: 1 }, requester);
    await line.carry();
    expect(granted.length).toBe(1);
    second.leave();
    await line.carry();
    expect(set.stats().waiting).toBe(0);
    granted[0]!.release();
    const third = line.client.enqueueFor({ tokens: 1 }, requester);
    line.carryUp();
    await turn();
    line.carryDown();
    // The grant is there, and nobody has been told of it yet.
    third.leave();
    await line.carry();
    expect(granted.length).toBe(1);
    expect(inUse()).toEqual([0, 1]);
  });
});

it("loses and doubles nothing, whenever messages arrive, and whoever leaves or dies", async () => {
  const step = fc.tuple(
    fc.constantFrom("acquire", "acquire", "try", "abort", "release", "up", "down", "turn", "close"),
    fc.nat(1),
    fc.nat(),
  );
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 80, size: "max" }), async (isThread, steps) => {
      const set = new LimitSet([new ResourceLimit({ key: "slots", capacity: 3 })]);
      const lines = [new Line(set, isThread), new Line(set, isThread)];
      const held = [new Set<HeldGrant<unknown>>(), new Set<HeldGrant<unknown>>()];
      const controllers: AbortController[] = [];
      for (const [kind, index, which] of steps) {
        const line = lines[index]!;
        const mine = held[index]!;
        if (kind === "acquire" || kind === "try") {
          const controller = new AbortController();
          controllers.push(controller);
          const amounts = { slots: 1 + (which % 3) };
          const asked =
            kind === "acquire"
              ? line.client.acquire(amounts, { signal: controller.signal })
              : line.client.tryAcquire(amounts);
          asked.then(
            (grant) => grant && mine.add(grant as HeldGrant<unknown>),
            () => {},
          );
        } else if (kind === "abort") {
          controllers[which % Math.max(1, controllers.length)]?.abort();
        } else if (kind === "release") {
          const grant = [...mine][which % Math.max(1, mine.size)];
          if (grant && mine.delete(grant)) grant.release();
        } else if (kind === "up") {
          line.carryUp();
        } else if (kind === "down") {
          line.carryDown();
        } else if (kind === "close" && which % 10 === 0 && line.isOpen) {
          line.isOpen = false;
          line.up.length = 0;
          line.down.length = 0;
          line.server.close();
          // Nothing of it lives on.
          lines[index] = new Line(set, isThread);
          held[index] = new Set();
        } else {
          await turn();
        }
        const sum = held.flatMap((grants) => [...grants]).reduce((total, { taken }) => total + taken[0]!, 0);
        expect(sum).toBeLessThanOrEqual(3);
      }
      for (const controller of controllers) controller.abort();
      for (const [index, line] of lines.entries()) {
        await line.carry();
        for (const grant of held[index]!) grant.release();
        await line.carry();
      }
      expect(set.stats()).toMatchObject({ waiting: 0, limits: [{ inUse: 0 }] });
      expect(set.cores[0]!.memory.hasWaiting).toBe(false);
    }),
    { numRuns: 150 },
  );
});
