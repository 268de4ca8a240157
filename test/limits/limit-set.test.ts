import { afterEach, describe, expect, it } from "vitest";
import { AdaptiveLimit, CallLimit, type Grant, type Limit, LimitSet, RateLimit, ResourceLimit } from "manyhands";
import { FakeClock, stateOf, turn } from "./fake-clock.js";

const clock = new FakeClock();

afterEach(() => {
  // Nobody waits any more, so nothing may keep the program alive.
  expect(clock.pending).toBe(0);
});

function connections(capacity: number): ResourceLimit {
  return new ResourceLimit({ key: "connections", capacity });
}

function tokens(capacity: number): RateLimit {
  return new RateLimit({ key: "tokens", capacity, window: 1000, guard: 0 });
}

function inUse(set: LimitSet<unknown>): number[] {
  return set.stats().limits.map((limit) => limit.inUse);
}

describe("LimitSet.acquire", () => {
  it("takes all of it or nothing, and holds nothing while it waits", async () => {
    const set = new LimitSet([connections(2), tokens(100)], { clock });
    const held = await set.acquire({ connections: 2, tokens: 30 });
    const waiting = set.acquire({ connections: 1, tokens: 40 });
    await turn();
    expect(inUse(set)).toEqual([2, 30]);
    expect(set.stats()).toMatchObject({ waiting: 1, granted: 1 });
    held.release();
    const grant = await waiting;
    expect(inUse(set)).toEqual([1, 70]);
    expect(grant.amounts).toEqual({ connections: 1, tokens: 40 });
    grant.release();
    expect(inUse(set)).toEqual([0, 70]);
  });

  it("takes one call, one resource and one of concurrency where nothing is said, but not of a rate", async () => {
    const limits = [new CallLimit({ capacity: 5, window: 1000 }), connections(5), new AdaptiveLimit()];
    const grant = await new LimitSet(limits, { clock }).acquire();
    expect(grant.amounts).toEqual({ calls: 1, connections: 1, concurrency: 1 });
    await expect(new LimitSet([tokens(5)], { clock }).acquire()).rejects.toThrow(
      new TypeError("Cannot acquire without an amount of 'tokens' as it is a rate: pass { tokens: amount }"),
    );
  });

  it("refuses at once what can never be granted", async () => {
    const set = new LimitSet([connections(2), tokens(100)], { clock });
    await expect(set.acquire({ tokens: 101 })).rejects.toThrow(
      new RangeError("Cannot acquire 101 of 'tokens' as that is above its capacity of 100"),
    );
    await expect(set.acquire({ tokens: 1, connections: 3 })).rejects.toThrow(RangeError);
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, "5" as unknown as number]) {
      await expect(set.acquire({ tokens: bad })).rejects.toThrow(RangeError);
    }
    await expect(set.acquire({ tokens: 1, conections: 1 })).rejects.toThrow(
      new TypeError(
        "Cannot acquire 'conections' as the set has no such limit: it has 'connections', 'tokens', did you mean " +
          "'connections'?",
      ),
    );
    await expect(set.tryAcquire({ tokens: 101 })).rejects.toThrow(RangeError);
    expect(inUse(set)).toEqual([0, 0]);
  });

  it("refuses options that are not valid, also when it need not wait", async () => {
    const set = new LimitSet([connections(2)], { clock });
    await expect(set.acquire({}, { timeout: -1 })).rejects.toThrow(RangeError);
    await expect(set.acquire({}, { priority: Number.NaN })).rejects.toThrow(RangeError);
    await expect(set.acquire({}, { timeOut: 50 } as object)).rejects.toThrow(
      new TypeError("Cannot set 'acquire.timeOut' as there is no such option: did you mean 'timeout'?"),
    );
    await expect(set.acquire({}, { signal: {} as AbortSignal })).rejects.toThrow(
      new TypeError("Cannot set 'signal' as it must be an AbortSignal: current value is {}"),
    );
    await expect(set.acquire({}, null as never)).rejects.toThrow("it must be an object: current value is null");
    expect(inUse(set)).toEqual([0]);
  });

  it("refuses an outcome that there is not, and keeps the grant", async () => {
    const set = new LimitSet([connections(2)], { clock });
    const grant = await set.acquire();
    expect(() => grant.release("drooped" as never)).toThrow(
      new TypeError(
        "Cannot set 'outcome' as it must be one of 'success', 'ignored', 'dropped': current value is 'drooped', did you " +
          "mean 'dropped'?",
      ),
    );
    expect(grant.isReleased).toBe(false);
    expect(inUse(set)).toEqual([1]);
    grant.release("dropped");
    expect(inUse(set)).toEqual([0]);
  });

  it.each(["constructor", "__proto__", "toString"])("has a limit '%s' as any other", async (key) => {
    const set = new LimitSet([new ResourceLimit({ key, capacity: 5 })], { clock });
    expect(Object.entries((await set.acquire({})).amounts)).toEqual([[key, 1]]);
    const grant = await set.acquire({ [key]: 3 });
    expect(inUse(set)).toEqual([4]);
    grant.update({});
    expect(inUse(set)).toEqual([4]);
    grant.update({ [key]: 2 });
    expect(inUse(set)).toEqual([3]);
  });

  it("refuses amounts that are none, as an asynchronous function returns", async () => {
    const set = new LimitSet([connections(2)], { clock });
    const amounts = Promise.resolve({ connections: 2 });
    await expect(set.acquire(amounts as never)).rejects.toThrow(
      "as the amounts must be an object: current value is a promise",
    );
    await expect(set.tryAcquire(2 as never)).rejects.toThrow("as the amounts must be an object: current value is 2");
    const grant = await set.acquire();
    for (const usage of [amounts, null, 2]) expect(() => grant.update(usage as never)).toThrow(TypeError);
    expect(inUse(set)).toEqual([1]);
  });

  it("does not look at amounts that an object inherits", async () => {
    const set = new LimitSet([connections(5)], { clock });
    const amounts = Object.create({ connections: 3, others: 1 }) as Record<string, number>;
    const grant = await set.acquire(amounts);
    expect(inUse(set)).toEqual([1]);
    grant.release();
  });

  it("reads the clock only where the time of a take, or of its end, matters", async () => {
    let reads = 0;
    const counting = { now: () => (reads += 1), after: clock.after.bind(clock) };
    const readsOf = async (...limits: Limit[]): Promise<number> => {
      const set = new LimitSet(limits, { clock: counting });
      reads = 0;
      (await set.acquire()).release();
      return reads;
    };
    const calls = (): Limit => new CallLimit({ capacity: 5, window: 1000, algorithm: "gcra" });
    expect(await readsOf(connections(2))).toBe(0);
    expect(await readsOf(connections(2), calls())).toBe(1);
    expect(await readsOf(new AdaptiveLimit({ key: "concurrency", initial: 2 }))).toBe(2);
  });

  it("takes anything when it has no limits", async () => {
    const set = new LimitSet([], { clock });
    const grant = await set.acquire({ tokens: 5, anything: 1 });
    grant.update({ tokens: 10 });
    grant.release();
    expect(await set.tryAcquire()).toBeDefined();
    expect(set.stats()).toEqual({ limits: [], waiting: 0, granted: 2, pausedFor: 0 });
  });

  it("charges both of two limits with the same key", async () => {
    const limits = [
      new RateLimit({ key: "tokens", capacity: 100, window: 1000, guard: 0 }),
      new RateLimit({ key: "tokens", capacity: 150, window: 60_000, guard: 0 }),
    ];
    const set = new LimitSet(limits, { clock });
    const grant = await set.acquire({ tokens: 80 });
    expect(inUse(set)).toEqual([80, 80]);
    grant.update({ tokens: 60 });
    expect(inUse(set)).toEqual([60, 60]);
    await clock.advance(1000);
    expect(await set.tryAcquire({ tokens: 91 })).toBeUndefined();
    expect(await set.tryAcquire({ tokens: 90 })).toBeDefined();
    await expect(set.acquire({ tokens: 101 })).rejects.toThrow(RangeError);
  });

  it("refuses what is no limit, and a limit that is there twice", () => {
    const limit = connections(1);
    expect(() => new LimitSet([limit, {} as ResourceLimit])).toThrow(TypeError);
    expect(() => new LimitSet([undefined as unknown as ResourceLimit])).toThrow(TypeError);
    expect(() => new LimitSet(limit as never)).toThrow("as it takes a list of limits: current value is ResourceLimit");
    expect(() => new LimitSet([limit], { confg: 1 } as never)).toThrow("did you mean 'config'?");
    expect(() => new LimitSet([limit, tokens(1), limit])).toThrow(
      new TypeError("Cannot make a limit set as limit 'connections' is in it twice"),
    );
  });

  it("counts fractions without losing any", async () => {
    const set = new LimitSet([new ResourceLimit({ key: "gpu", capacity: 1 })], { clock });
    for (let round = 0; round < 50; round += 1) {
      const grants: Grant[] = [];
      for (let index = 0; index < 10; index += 1) grants.push((await set.tryAcquire({ gpu: 0.1 }))!);
      expect(grants.every(Boolean)).toBe(true);
      expect(await set.tryAcquire({ gpu: 0.01 })).toBeUndefined();
      for (const grant of grants) grant.release();
      const whole = await set.tryAcquire({ gpu: 1 });
      expect(whole).toBeDefined();
      whole!.release();
      expect(inUse(set)).toEqual([0]);
    }
  });
});

describe("leaving the queue of a LimitSet", () => {
  it("ends at once with the reason of the signal, and costs nothing", async () => {
    const set = new LimitSet([connections(1), tokens(100)], { clock });
    const held = await set.acquire({ tokens: 10 });
    const controller = new AbortController();
    const large = set.acquire({ connections: 1, tokens: 90 }, { signal: controller.signal });
    const reason = new Error("not needed");
    controller.abort(reason);
    expect(set.stats().waiting).toBe(0);
    await expect(large).rejects.toBe(reason);
    held.release();
    expect(inUse(set)).toEqual([0, 10]);
  });

  it("lets pass at once those that stood behind the one that leaves", async () => {
    const set = new LimitSet([connections(2)], { clock });
    const held = await set.acquire();
    const controller = new AbortController();
    const large = set.acquire({ connections: 2 }, { signal: controller.signal });
    for (let index = 0; index < 16; index += 1) (await set.acquire({ connections: 1 })).release();
    const small = set.acquire({ connections: 1 });
    expect(await stateOf(small)).toBe("pending");
    controller.abort();
    (await small).release();
    await expect(large).rejects.toThrow();
    held.release();
    expect(inUse(set)).toEqual([0]);
  });

  it("rejects with a TimeoutError that names what was wanted, and costs nothing", async () => {
    const set = new LimitSet([connections(1)], { clock });
    const held = await set.acquire();
    const late = set.acquire({}, { timeout: 500 });
    late.catch(() => {});
    await clock.advance(499);
    expect(await stateOf(late)).toBe("pending");
    await clock.advance(1);
    await expect(late).rejects.toMatchObject({
      name: "TimeoutError",
      message: "Cannot acquire 1 of 'connections' within 500 ms as it was not free in time",
    });
    expect(set.stats().waiting).toBe(0);
    held.release();
    expect(inUse(set)).toEqual([0]);
  });

  it.each(["first", "last"])(
    "either has the grant or takes nothing when both come in one turn, the abort %s",
    async (when) => {
      const set = new LimitSet([connections(1)], { clock });
      const held = await set.acquire();
      const controller = new AbortController();
      const waiting = set.acquire({}, { signal: controller.signal });
      if (when === "first") controller.abort();
      held.release();
      controller.abort();
      if (when === "first") {
        await expect(waiting).rejects.toThrow();
      } else {
        (await waiting).release();
      }
      expect(inUse(set)).toEqual([0]);
    },
  );

  it("takes nothing for a signal that has fired before", async () => {
    const set = new LimitSet([connections(1)], { clock });
    await expect(set.acquire({}, { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(inUse(set)).toEqual([0]);
  });

  it("serves one that is cancelled by its call, also when it has a signal of its own", async () => {
    const set = new LimitSet([connections(1)], { clock });
    const held = await set.acquire();
    const controller = new AbortController();
    const waiting = set.acquireFor(
      { id: "call", signal: controller.signal },
      {},
      { signal: new AbortController().signal },
    );
    controller.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
    held.release();
  });
});

describe("grants", () => {
  it("give back what was not used in the same turn, to whoever waits", async () => {
    const set = new LimitSet([tokens(100)], { clock });
    const grant = await set.acquire({ tokens: 100 });
    const waiting = set.acquire({ tokens: 40 });
    await turn();
    grant.update({ tokens: 60 });
    expect(set.stats()).toMatchObject({ waiting: 0, granted: 2 });
    expect((await waiting).amounts).toEqual({ tokens: 40 });
    expect(grant.amounts).toEqual({ tokens: 60 });
  });

  it("are charged for more, also as debt", async () => {
    const set = new LimitSet([tokens(100)], { clock });
    const grant = await set.acquire({ tokens: 50 });
    grant.update({ tokens: 180 });
    expect(inUse(set)).toEqual([180]);
    expect(await set.tryAcquire({ tokens: 1 })).toBeUndefined();
    await clock.advance(1000);
    expect(await set.tryAcquire({ tokens: 100 })).toBeDefined();
  });

  it("can be corrected after their release: rates follow, resources are given back already", async () => {
    const set = new LimitSet([connections(3), tokens(100)], { clock });
    const grant = await set.acquire({ connections: 2, tokens: 50 });
    grant.release();
    grant.update({ tokens: 20, connections: 3 });
    expect(inUse(set)).toEqual([0, 20]);
  });

  it("are released once, however often they are told", async () => {
    const set = new LimitSet([connections(3)], { clock });
    const [grant, other] = [await set.acquire(), await set.acquire()];
    grant.release();
    grant.release("dropped");
    expect(grant.isReleased).toBe(true);
    expect(other.isReleased).toBe(false);
    expect(inUse(set)).toEqual([1]);
  });

  it("refuse to be updated by another key or an amount that is none, and stay as they were", async () => {
    const set = new LimitSet([tokens(100)], { clock });
    const grant = await set.acquire({ tokens: 50 });
    expect(() => grant.update({ tokens: 10, token: 5 })).toThrow(
      new TypeError("Cannot update 'token' as the grant has no such limit: it has 'tokens'"),
    );
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => grant.update({ tokens: bad })).toThrow(RangeError);
    }
    expect(grant.amounts).toEqual({ tokens: 50 });
    expect(inUse(set)).toEqual([50]);
  });

  it("end with the block that uses them", async () => {
    const set = new LimitSet([connections(1)], { clock, config: { region: "eu" } });
    {
      await using grant = await set.acquire();
      expect(grant.config).toEqual({ region: "eu" });
      expect(inUse(set)).toEqual([1]);
    }
    expect(inUse(set)).toEqual([0]);
    {
      using grant = (await set.tryAcquire())!;
      expect(grant.isReleased).toBe(false);
    }
    expect(inUse(set)).toEqual([0]);
  });
});

describe("a requester that asks or gives back while it is granted", () => {
  it("is served after the one that is being served", () => {
    const set = new LimitSet([connections(1)], { clock });
    const order: string[] = [];
    const ask = (name: string, then: (grant: Grant) => void): void => {
      set.enqueueFor(undefined, {
        owner: undefined,
        granted: (grant) => {
          order.push(name);
          then(grant);
        },
      });
    };
    ask("first", (grant) => {
      ask("second", (inner) => inner.release());
      order.push("first has asked");
      grant.release();
      order.push("first has ended");
    });
    expect(order).toEqual(["first", "first has asked", "first has ended", "second"]);
    expect(inUse(set)).toEqual([0]);
    expect(set.stats().waiting).toBe(0);
  });

  it("may leave for another within it", () => {
    const set = new LimitSet([connections(2)], { clock });
    const order: string[] = [];
    const held = set.take([2], undefined)!;
    const first = set.enqueueFor(undefined, {
      owner: undefined,
      granted: (grant) => {
        second.leave();
        first.leave();
        order.push("first");
        grant.release();
      },
    });
    const second = set.enqueueFor(undefined, { owner: undefined, granted: () => order.push("second") });
    set.enqueueFor(undefined, { owner: undefined, granted: () => order.push("third") });
    held.release();
    expect(order).toEqual(["first", "third"]);
    expect(inUse(set)).toEqual([1]);
  });
});

describe("a requester that is not ready", () => {
  it("lets others go first, and is told when it would be served, also when that comes with time", async () => {
    const set = new LimitSet([new CallLimit({ capacity: 1, window: 1000, guard: 0 })], { clock });
    let isReady = false;
    let wanted = 0;
    const granted: string[] = [];
    await set.acquire();
    set.enqueueFor(undefined, {
      owner: undefined,
      isReady: () => isReady,
      isWanted: () => (wanted += 1),
      granted: () => granted.push("slow"),
    });
    expect(wanted).toBe(0);
    await clock.advance(1000);
    expect(wanted).toBeGreaterThan(0);
    set.enqueueFor(undefined, { owner: undefined, granted: () => granted.push("ready") });
    expect(granted).toEqual(["ready"]);
    isReady = true;
    set.serve();
    await clock.advance(1000);
    expect(granted).toEqual(["ready", "slow"]);
  });
});
