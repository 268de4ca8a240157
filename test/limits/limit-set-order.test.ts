import { describe, expect, it } from "vitest";
import { type AcquireOptions, CallLimit, type Grant, LimitSet, ResourceLimit } from "manyhands";
import { FakeClock, stateOf, turn } from "./fake-clock.js";

const OVERTAKINGS = 16;

function slots(capacity: number): ResourceLimit {
  return new ResourceLimit({ key: "slots", capacity });
}

/** Asks, notes the name when it is granted, and gives back at once. */
function pass(set: LimitSet, order: string[], name: string, amount = 1, options: AcquireOptions = {}): Promise<void> {
  return set.acquire({ slots: amount }, options).then((grant) => {
    order.push(name);
    grant.release();
  });
}

describe("the order of a LimitSet", () => {
  it("is that of coming, among equal needs", async () => {
    const set = new LimitSet([slots(1)]);
    const order: string[] = [];
    const held = await set.acquire();
    const all = Array.from({ length: 100 }, (_, index) => pass(set, order, String(index)));
    held.release();
    await Promise.all(all);
    expect(order).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
  });

  it("does not let one that comes go before one that waits and would fit as well", async () => {
    const clock = new FakeClock();
    const set = new LimitSet([new CallLimit({ capacity: 1, window: 1000, guard: 0 })], { clock });
    await set.acquire();
    await turn();
    const waiting = set.acquire();
    clock.jump(1000);
    // The timer has not run yet.
    expect(await set.tryAcquire()).toBeUndefined();
    await clock.advance(0);
    expect(await stateOf(waiting)).toBe("fulfilled");
  });

  it("goes round between keys, whatever the length of their lines", async () => {
    const set = new LimitSet([slots(1)]);
    const order: string[] = [];
    const held = await set.acquire();
    const all: Promise<void>[] = [];
    for (let index = 0; index < 6; index += 1) all.push(pass(set, order, "a", 1, { key: "a" }));
    for (let index = 0; index < 2; index += 1) all.push(pass(set, order, "b", 1, { key: "b" }));
    for (let index = 0; index < 3; index += 1) all.push(pass(set, order, "c", 1, { key: "c" }));
    held.release();
    await Promise.all(all);
    expect(order.join("")).toBe("abcabcacaaa");
  });

  it("is that of priority within a key, and not across keys", async () => {
    const set = new LimitSet([slots(1)]);
    const order: string[] = [];
    const held = await set.acquire();
    const all = [
      pass(set, order, "a low", 1, { key: "a" }),
      pass(set, order, "b", 1, { key: "b" }),
      pass(set, order, "a high", 1, { key: "a", priority: 5 }),
    ];
    held.release();
    await Promise.all(all);
    expect(order).toEqual(["a high", "b", "a low"]);
  });

  it("lets those of low priority age: a second counts as much as a point", async () => {
    const clock = new FakeClock();
    const set = new LimitSet([slots(1)], { clock });
    const order: string[] = [];
    const held = await set.acquire();
    const all = [pass(set, order, "low")];
    await clock.advance(2900);
    all.push(pass(set, order, "3 points", 1, { priority: 3 }));
    await clock.advance(200);
    all.push(pass(set, order, "3 points, later", 1, { priority: 3 }));
    held.release();
    await Promise.all(all);
    expect(order).toEqual(["3 points", "low", "3 points, later"]);
  });
});

describe("a large request", () => {
  /** Small ones keep coming, two at a time, so that without a bound the large one would never have its turn. */
  async function overtakings(small: LimitSet, large: LimitSet, options: AcquireOptions[]): Promise<number> {
    const held: Grant[] = [await small.acquire(), await small.acquire()];
    let isGranted = false;
    const done = large.acquire({ slots: 2 }, options[0]).then((grant) => {
      isGranted = true;
      grant.release();
    });
    await turn();
    let overtook = 0;
    let isStuck = false;
    const pending = new Set<Promise<void>>();
    for (let round = 0; !isGranted && round < 200; round += 1) {
      const asked = small.acquire({}, options[round % options.length]).then((grant) => {
        pending.delete(asked);
        if (isGranted) grant.release();
        else held.push(grant);
        if (!isGranted) overtook += 1;
      });
      pending.add(asked);
      await turn();
      // One is always held, until nobody can overtake any more.
      isStuck = held.length <= 1;
      held.shift()?.release();
      await turn();
    }
    expect(isStuck).toBe(true);
    await done;
    for (const grant of held) grant.release();
    await Promise.all(pending);
    expect(small.stats().limits[0]!.inUse).toBe(0);
    return overtook;
  }

  it("is granted after at most 16 others have gone before it", async () => {
    const set = new LimitSet([slots(2)]);
    const overtook = await overtakings(set, set, [{}]);
    expect(overtook).toBeLessThanOrEqual(OVERTAKINGS);
    // The bound is used: smaller ones are not kept waiting for nothing.
    expect(overtook).toBeGreaterThan(0);
  });

  it("is so also when the others are in a set that shares the limit", async () => {
    const limit = slots(2);
    const [small, large] = [new LimitSet([limit]), new LimitSet([limit])];
    expect(await overtakings(small, large, [{}])).toBeLessThanOrEqual(OVERTAKINGS);
  });

  it("is so also when the others are of the same key, and another key waits for something else", async () => {
    const set = new LimitSet([slots(2), new ResourceLimit({ key: "other", capacity: 1 })]);
    const other = await set.acquire({ slots: 0, other: 1 });
    // `b` has its turn as often as `a`, and is never served.
    const blocked = new AbortController();
    const never = set.acquire({ slots: 0, other: 1 }, { key: "b", signal: blocked.signal });
    const held: Grant[] = [
      (await set.tryAcquire({ slots: 1, other: 0 })) ?? (await set.acquire({ slots: 1, other: 0 }, { key: "a" })),
      await set.acquire({ slots: 1, other: 0 }, { key: "a" }),
    ];
    let isGranted = false;
    const large = set.acquire({ slots: 2, other: 0 }, { key: "a" }).then((grant) => {
      isGranted = true;
      grant.release();
    });
    let overtook = 0;
    const pending: Promise<void>[] = [];
    for (let round = 0; round < 100 && !isGranted; round += 1) {
      pending.push(
        set.acquire({ slots: 1, other: 0 }, { key: "a" }).then((grant) => {
          if (isGranted) return grant.release();
          overtook += 1;
          held.push(grant);
        }),
      );
      await turn();
      held.shift()?.release();
      await turn();
    }
    expect(isGranted).toBe(true);
    expect(overtook).toBeLessThanOrEqual(OVERTAKINGS);
    await large;
    blocked.abort();
    await expect(never).rejects.toThrow();
    for (const grant of [...held, other]) grant.release();
    await Promise.all(pending);
    expect(set.stats()).toMatchObject({ waiting: 0, limits: [{ inUse: 0 }, { inUse: 0 }] });
  });

  it("of no priority is so also when the others have one", async () => {
    const set = new LimitSet([slots(2)]);
    const overtook = await overtakings(set, set, [{}, { priority: 1000 }]);
    expect(overtook).toBeLessThanOrEqual(OVERTAKINGS);
  });

  it("is served also where it is not among the next of its flow", async () => {
    const set = new LimitSet([slots(1)]);
    const order: string[] = [];
    const [held, next] = [await set.acquire(), set.acquire()];
    const all = [
      pass(set, order, "last", 1, { priority: -20 }),
      // Before the one that came before it, and the first to be blocked from the next grant on.
      pass(set, order, "overtaken", 1, { priority: -10 }),
    ];
    held.release();
    const grant = await next;
    for (let index = 0; index < 3 * OVERTAKINGS; index += 1)
      all.push(pass(set, order, "urgent", 1, { priority: 1000 }));
    grant.release();
    for (let turns = 0; turns < 10 * all.length && set.stats().waiting > 0; turns += 1) await turn();
    expect(set.stats()).toMatchObject({ waiting: 0, limits: [{ inUse: 0 }] });
    expect(order.indexOf("overtaken")).toBe(OVERTAKINGS);
    await Promise.all(all);
  });

  it("does not hold back those that need another limit", async () => {
    const set = new LimitSet([slots(2), new ResourceLimit({ key: "other", capacity: 1 })]);
    const held = await set.acquire({ slots: 1, other: 0 });
    const large = set.acquire({ slots: 2, other: 0 });
    for (let index = 0; index < 100; index += 1) (await set.acquire({ slots: 0, other: 1 })).release();
    expect(await stateOf(large)).toBe("pending");
    held.release();
    (await large).release();
  });
});

describe("two sets that share limits", () => {
  it("cannot deadlock, whichever order they have them in", async () => {
    const [a, b] = [slots(1), new ResourceLimit({ key: "files", capacity: 1 })];
    const sets = [new LimitSet([a, b]), new LimitSet([b, a])];
    let done = 0;
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await using _grant = await sets[index % 2]!.acquire();
        await turn();
        done += 1;
      }),
    );
    expect(done).toBe(200);
    for (const set of sets) expect(set.stats().limits.every(({ inUse }) => inUse === 0)).toBe(true);
  });

  it("tell each other of what is given back, and neither is kept from its turn", async () => {
    const limit = slots(1);
    const [first, second] = [new LimitSet([limit]), new LimitSet([limit])];
    const order: string[] = [];
    const held = await first.acquire();
    const late = pass(second, order, "second");
    const all = Array.from({ length: 40 }, (_, index) => pass(first, order, String(index)));
    held.release();
    await Promise.all([...all, late]);
    expect(order.indexOf("second")).toBeLessThanOrEqual(OVERTAKINGS);
  });
});
