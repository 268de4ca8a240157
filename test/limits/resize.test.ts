import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CallLimit,
  type Grant,
  LimitDeadlockError,
  LimitPool,
  LimitSet,
  RateLimit,
  type RateOptions,
  ResourceLimit,
} from "manyhands";
import { FakeClock, stateOf } from "./fake-clock.js";
import { Line } from "./test-line.js";

const WINDOW = 1000;

function rates(options: Partial<RateOptions> = {}): { clock: FakeClock; tokens: RateLimit; set: LimitSet } {
  const clock = new FakeClock();
  const tokens = new RateLimit({ key: "tokens", capacity: 100, window: WINDOW, guard: 0, ...options });
  return { clock, tokens, set: new LimitSet([tokens], { clock }) };
}

const inUse = (set: LimitSet): number => set.stats().limits[0]!.inUse;

describe("a resource that is resized", () => {
  it("serves at once who waits, in every set that shares it", async () => {
    const slots = new ResourceLimit({ key: "slots", capacity: 1 });
    const [first, second] = [new LimitSet([slots]), new LimitSet([slots])];
    const held = await first.acquire();
    const waiting = [first.acquire(), second.acquire(), second.acquire()];
    slots.resize(3);
    expect(await Promise.all(waiting.map(stateOf))).toEqual(["fulfilled", "fulfilled", "pending"]);
    held.release();
    await Promise.all(waiting);
    expect(first.stats().limits[0]).toMatchObject({ capacity: 3, inUse: 3, utilization: 1 });
  });

  it("grants nothing while more is held than there is now", async () => {
    const slots = new ResourceLimit({ key: "slots", capacity: 4 });
    const set = new LimitSet([slots]);
    const held = await Promise.all([1, 2, 3, 4].map(() => set.acquire()));
    slots.resize(2);
    const waiting = set.acquire();
    expect(set.stats().limits[0]).toMatchObject({ capacity: 2, inUse: 4, utilization: 2 });
    for (const grant of held.slice(0, 2)) grant.release();
    expect(await stateOf(waiting)).toBe("pending");
    held[2]!.release();
    expect(await stateOf(waiting)).toBe("fulfilled");
  });

  it("refuses who waits for more than there is now, and serves the others", async () => {
    const slots = new ResourceLimit({ key: "slots", capacity: 4 });
    const set = new LimitSet([slots]);
    const held = await set.acquire({ slots: 3 });
    const [large, small] = [set.acquire({ slots: 4 }), set.acquire({ slots: 2 })];
    slots.resize(3);
    await expect(large).rejects.toThrow(
      new RangeError("Cannot acquire 4 of 'slots' as that is above its capacity of 3"),
    );
    expect(set.stats().waiting).toBe(1);
    held.release();
    expect((await small).amounts).toEqual({ slots: 2 });
    await expect(set.acquire({ slots: 4 })).rejects.toThrow(RangeError);
    slots.resize(6);
    expect((await set.acquire({ slots: 4 })).amounts).toEqual({ slots: 4 });
  });

  it("refuses in a limit pool only whom no set can serve any more", async () => {
    const limits = [4, 4].map((capacity) => new ResourceLimit({ key: "slots", capacity }));
    const pool = new LimitPool(limits.map((limit, index) => new LimitSet([limit], { config: index })));
    const held = [await pool.acquire({ slots: 4 }), await pool.acquire({ slots: 4 })];
    const [one, both] = [pool.acquire({ slots: 4 }), pool.acquire({ slots: 2 }, { timeout: 60_000 })];
    limits[0]!.resize(3);
    expect(await stateOf(one)).toBe("pending");
    limits[1]!.resize(3);
    await expect(one).rejects.toThrow(RangeError);
    held[1]!.release();
    expect((await both).config).toBe(1);
  });

  it("tells a call that it would wait for itself now", async () => {
    const slots = new ResourceLimit({ key: "slots", capacity: 5 });
    const set = new LimitSet([slots]);
    const caller = { id: "call of a test", signal: new AbortController().signal };
    const [held, other] = [await set.acquireFor(caller, { slots: 2 }), await set.acquire({ slots: 3 })];
    const more = set.acquireFor(caller, { slots: 2 });
    slots.resize(3);
    await expect(more).rejects.toBeInstanceOf(LimitDeadlockError);
    other.release();
    held.release();
    expect(inUse(set)).toBe(0);
  });
});

describe("a rate that is resized", () => {
  it("serves at once who waits, and counts what was taken", async () => {
    const { tokens, set, clock } = rates();
    await set.acquire({ tokens: 100 });
    const waiting = [set.acquire({ tokens: 60 }), set.acquire({ tokens: 60 })];
    tokens.resize(170);
    expect(await Promise.all(waiting.map(stateOf))).toEqual(["fulfilled", "pending"]);
    expect(set.stats().limits[0]).toMatchObject({ capacity: 170, inUse: 160 });
    await clock.advance(WINDOW);
    expect(await stateOf(waiting[1]!)).toBe("fulfilled");
  });

  it("lets nothing more through until enough has expired, and refuses what never fits", async () => {
    const { tokens, set, clock } = rates();
    await set.acquire({ tokens: 50 });
    await clock.advance(500);
    await set.acquire({ tokens: 50 });
    const [small, large] = [set.acquire({ tokens: 10 }), set.acquire({ tokens: 60 })];
    tokens.resize(55);
    await expect(large).rejects.toThrow(RangeError);
    await clock.advance(499);
    expect(await stateOf(small)).toBe("pending");
    await clock.advance(501);
    expect((await small).amounts).toEqual({ tokens: 10 });
  });

  it("has another window where one is given", async () => {
    const { tokens, set, clock } = rates();
    await set.acquire({ tokens: 100 });
    const waiting = set.acquire({ tokens: 100 });
    await clock.advance(100);
    tokens.resize(100, 200);
    await clock.advance(99);
    expect(await stateOf(waiting)).toBe("pending");
    await clock.advance(1);
    expect(await stateOf(waiting)).toBe("fulfilled");
    tokens.resize(100, 60_000);
    await clock.advance(59_000);
    expect(await set.tryAcquire({ tokens: 1 })).toBeUndefined();
    await clock.advance(1000);
    expect(await set.tryAcquire({ tokens: 100 })).toBeDefined();
  });

  it("flows as fast as the new one says, where it is a bucket", async () => {
    const { tokens, set, clock } = rates({ algorithm: "gcra", burst: 10 });
    await set.acquire({ tokens: 10 });
    const waiting = set.acquire({ tokens: 10 });
    tokens.resize(1000);
    await clock.advance(10);
    expect(await stateOf(waiting)).toBe("fulfilled");
  });

  it("gives back of what was taken before", async () => {
    const { tokens, set } = rates();
    const grant = await set.acquire({ tokens: 100 });
    tokens.resize(50);
    const waiting = set.acquire({ tokens: 40 });
    expect(await stateOf(waiting)).toBe("pending");
    grant.update({ tokens: 10 });
    expect(await stateOf(waiting)).toBe("fulfilled");
    expect(inUse(set)).toBe(50);
  });

  it("refuses what is no capacity or window, and stays as it was", () => {
    const { tokens, set } = rates();
    for (const capacity of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "9" as never]) {
      expect(() => tokens.resize(capacity)).toThrow(RangeError);
    }
    expect(() => tokens.resize(5, 0)).toThrow(/Cannot set 'window'/);
    expect(set.stats().limits[0]).toMatchObject({ capacity: 100 });
    const calls = new CallLimit({ capacity: 5, window: WINDOW });
    expect(() => calls.resize(0.5)).toThrow(
      "Cannot set the capacity of 'calls' as a request that does not say takes 1: current value is 0.5",
    );
    expect(() => new ResourceLimit({ key: "slots", capacity: 2 }).resize(Number.NaN)).toThrow(RangeError);
  });
});

describe("limits elsewhere that are resized", () => {
  it("are asked for what they have now, by a process", async () => {
    const slots = new ResourceLimit({ key: "slots", capacity: 2 });
    const set = new LimitSet([slots]);
    const line = new Line(set);
    // Before the worker has said a word.
    slots.resize(3);
    await line.carry();
    slots.resize(5);
    await line.carry();
    const asked = line.client.acquire({ slots: 5 });
    await line.carry();
    const grant = await asked;
    const waiting = line.client.acquire({ slots: 4 });
    await line.carry();
    const refused = expect(waiting).rejects.toThrow("above its capacity of 3");
    slots.resize(3);
    await line.carry();
    await refused;
    await expect(line.client.acquire({ slots: 4 })).rejects.toThrow(RangeError);
    expect(line.up).toEqual([]);
    grant.release();
    await line.carry();
    expect(inUse(set)).toBe(0);
    line.server.close();
    slots.resize(9);
    expect(line.down).toEqual([]);
  });

  it("are taken from as they are now, by a thread that helps itself", async () => {
    const tokens = new RateLimit({ key: "tokens", capacity: 10, window: 60_000 });
    const slots = new ResourceLimit({ key: "slots", capacity: 1 });
    const line = new Line(new LimitSet([tokens, slots]), true);
    await line.carry();
    await line.client.acquire({ tokens: 10 });
    expect(await stateOf(line.client.tryAcquire({ tokens: 1 }))).toBe("pending");
    await line.carry();
    tokens.resize(30);
    slots.resize(3);
    await line.carry();
    await line.client.acquire({ tokens: 20 });
    expect(line.up).toEqual([]);
    tokens.resize(40);
    slots.resize(2);
    const waiting = line.client.acquire({ tokens: 1 });
    await line.carry();
    expect(await stateOf(waiting)).toBe("pending");
    slots.resize(3);
    await line.carry();
    expect(await stateOf(waiting)).toBe("fulfilled");
  });

  it("are known two places away", async () => {
    const slots = new ResourceLimit({ key: "slots", capacity: 1 });
    const outer = new Line(new LimitSet([slots]));
    await outer.carry();
    const inner = new Line(outer.client);
    await inner.carry();
    slots.resize(7);
    await outer.carry();
    await inner.carry();
    const asked = inner.client.acquire({ slots: 7 });
    inner.carryUp();
    await outer.carry();
    await inner.carry();
    expect((await asked).amounts).toEqual({ slots: 7 });
  });

  it("tell a call of a thread that it would wait for itself, which the owner cannot know", async () => {
    const slots = new ResourceLimit({ key: "slots", capacity: 5 });
    const set = new LimitSet([slots]);
    const line = new Line(set, true);
    await line.carry();
    const caller = { id: "thread call that shrinks", signal: new AbortController().signal };
    const held = await line.client.acquireFor(caller, { slots: 2 });
    const other = await set.acquire({ slots: 3 });
    const more = line.client.acquireFor(caller, { slots: 2 });
    await line.carry();
    const refused = expect(more).rejects.toBeInstanceOf(LimitDeadlockError);
    slots.resize(3);
    await line.carry();
    await refused;
    other.release();
    held.release();
    await line.carry();
    expect(set.stats()).toMatchObject({ waiting: 0, limits: [{ inUse: 0 }] });
  });
});

it("holds every bound, and leaves nobody waiting, however limits are resized meanwhile", async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("ask" as const), tokens: fc.nat(60), slots: fc.nat(6) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(700) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("resize" as const),
        tokens: fc.integer({ min: 1, max: 60 }),
        slots: fc.integer({ min: 1, max: 6 }),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { clock, tokens, set: rate } = rates({ capacity: 40 });
      const slots = new ResourceLimit({ key: "slots", capacity: 3 });
      const sets = [new LimitSet([tokens, slots], { clock }), new LimitSet([slots, tokens], { clock })];
      const held: { grant: Grant; at: number }[] = [];
      const open = new Set<Grant>();
      const capacities = [{ until: Number.POSITIVE_INFINITY, capacity: 40 }];
      const waiting: Promise<void>[] = [];
      let mostSlots = 3;
      const granted = (grant: Grant): void => {
        open.add(grant);
        held.push({ grant, at: clock.elapsed });
        const inWindow = held.filter(({ at }) => at > clock.elapsed - WINDOW);
        const sum = inWindow.reduce((all, { grant: { amounts } }) => all + amounts.tokens!, 0);
        const allowed = capacities.filter(({ until }) => until > clock.elapsed - WINDOW);
        expect(sum).toBeLessThanOrEqual(Math.max(...allowed.map(({ capacity }) => capacity)));
        const slotsHeld = [...open].reduce((all, { amounts }) => all + amounts.slots!, 0);
        if (grant.amounts.slots! > 0) expect(slotsHeld).toBeLessThanOrEqual(mostSlots);
      };
      let asks = 0;
      for (const current of steps) {
        if (current.kind === "ask") {
          const { tokens: some, slots: several } = current;
          const asked = sets[asks++ % 2]!.acquire({ tokens: some, slots: several });
          waiting.push(
            asked.then(granted, (error: unknown) => {
              expect(error).toBeInstanceOf(RangeError);
            }),
          );
        } else if (current.kind === "release") {
          const grant = [...open].at(current.which % Math.max(1, open.size));
          if (grant) open.delete(grant);
          grant?.release();
        } else if (current.kind === "advance") {
          await clock.advance(current.ms);
        } else {
          capacities.at(-1)!.until = clock.elapsed;
          capacities.push({ until: Number.POSITIVE_INFINITY, capacity: current.tokens });
          // What the first serves is granted before the second holds, and told after both.
          mostSlots = Math.max(mostSlots, current.slots);
          tokens.resize(current.tokens);
          slots.resize(current.slots);
          await clock.advance(0);
          mostSlots = current.slots;
        }
        await clock.advance(0);
      }
      while (sets.some((set) => set.stats().waiting > 0)) {
        for (const grant of open) grant.release();
        open.clear();
        await clock.advance(WINDOW);
      }
      await Promise.all(waiting);
      for (const grant of open) grant.release();
      await clock.advance(WINDOW);
      expect([inUse(rate), inUse(sets[1]!)]).toEqual([0, 0]);
    }),
    { numRuns: 60 },
  );
});
