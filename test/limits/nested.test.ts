import { describe, expect, it } from "vitest";
import { LimitDeadlockError, LimitSet, RateLimit, ResourceLimit } from "manyhands";
import type { Caller } from "../../dist/limits/holdings.js";
import { addHolding, checkHolder, deleteHolding } from "../../dist/limits/holdings.js";
import { CORE } from "../../dist/limits/limit.js";
import { FakeClock, stateOf } from "./fake-clock.js";

let calls = 0;

function caller(): Caller {
  return { id: `call ${++calls}`, signal: new AbortController().signal };
}

function world(): { clock: FakeClock; set: LimitSet } {
  const clock = new FakeClock();
  const limits = [
    new ResourceLimit({ key: "connections", capacity: 2 }),
    new RateLimit({ key: "tokens", capacity: 100, window: 1000, guard: 0 }),
  ];
  return { clock, set: new LimitSet(limits, { clock }) };
}

describe("a call that holds something and asks for more", () => {
  it("goes before all that hold nothing, as they may wait for it", async () => {
    const { clock, set } = world();
    const holder = caller();
    const outer = await set.acquireFor(holder, { connections: 2, tokens: 90 });
    const others = Array.from({ length: 40 }, () =>
      set.acquireFor(caller(), { tokens: 20 }).then((grant) => grant.release()),
    );
    const inner = set.acquireFor(holder, { connections: 0, tokens: 50 });
    expect(await stateOf(inner)).toBe("pending");
    await clock.advance(1000);
    expect(await stateOf(inner)).toBe("fulfilled");
    expect(await stateOf(others[0]!)).toBe("pending");
    (await inner).release();
    outer.release();
    await clock.advance(20_000);
    await Promise.all(others);
    expect(set.stats()).toMatchObject({ waiting: 0, limits: [{ inUse: 0 }, {}] });
  });

  it("is served at once when there is enough, though others wait for what it holds", async () => {
    const { set } = world();
    const holder = caller();
    const outer = await set.acquireFor(holder, { connections: 2, tokens: 10 });
    const other = set.acquireFor(caller(), { tokens: 10 });
    const inner = await set.acquireFor(holder, { connections: 0, tokens: 30 });
    expect(await stateOf(other)).toBe("pending");
    inner.release();
    outer.release();
    (await other).release();
  });

  it("is told at once when it would wait for itself", async () => {
    const { set } = world();
    const holder = caller();
    const outer = await set.acquireFor(holder, { connections: 1, tokens: 0 });
    await expect(set.acquireFor(holder, { connections: 2, tokens: 0 })).rejects.toThrow(
      new LimitDeadlockError(
        "Cannot acquire 2 of 'connections' as this call holds 1 of 2 already and would wait for itself: release that " +
          "grant first",
      ),
    );
    await expect(set.tryAcquireFor(holder, { connections: 2, tokens: 0 })).rejects.toThrow(LimitDeadlockError);
    // In another set that shares the limit, too.
    const other = new LimitSet([set.limits[0]!]);
    await expect(other.acquireFor(holder, { connections: 2 })).rejects.toThrow(LimitDeadlockError);
    // Another call may wait for it.
    const waiting = set.acquireFor(caller(), { connections: 2, tokens: 0 });
    expect(await stateOf(waiting)).toBe("pending");
    outer.release();
    (await waiting).release();
    const again = await set.acquireFor(holder, { connections: 2, tokens: 0 });
    again.release();
  });

  it("may wait for a rate of which it has taken all: that comes back with time", async () => {
    const { clock, set } = world();
    const holder = caller();
    await set.acquireFor(holder, { connections: 0, tokens: 100 });
    const inner = set.acquireFor(holder, { connections: 0, tokens: 100 });
    await clock.advance(1000);
    expect(await stateOf(inner)).toBe("fulfilled");
  });

  it("holds what its grants were corrected to", async () => {
    const { set } = world();
    const holder = caller();
    const outer = await set.acquireFor(holder, { connections: 2, tokens: 0 });
    outer.update({ connections: 1 });
    const inner = await set.acquireFor(holder, { connections: 1, tokens: 0 });
    inner.release();
    outer.release();
    outer.update({ connections: 2 });
    await expect(set.acquireFor(holder, { connections: 2, tokens: 0 })).resolves.toBeDefined();
  });
});

describe("checkHolder", () => {
  const limit = new ResourceLimit({ key: "files", capacity: 3 })[CORE];

  it("knows who holds something, until all of it is given back", () => {
    expect(checkHolder(undefined, [limit], [1])).toBe(false);
    expect(checkHolder({ id: "holder" }, [limit], [1])).toBe(false);
    const holding = { keeper: { held: [limit] }, taken: [2] };
    addHolding("holder", holding);
    expect(checkHolder({ id: "holder" }, [limit], [1])).toBe(true);
    expect(() => checkHolder({ id: "holder" }, [limit], [2])).toThrow(LimitDeadlockError);
    holding.taken = [0];
    expect(checkHolder({ id: "holder" }, [limit], [3])).toBe(false);
    deleteHolding("holder", holding);
    expect(checkHolder({ id: "holder" }, [limit], [3])).toBe(false);
  });

  it("believes a thread that says that it holds something", () => {
    expect(checkHolder({ id: "elsewhere", isHolder: true }, [limit], [3])).toBe(true);
  });
});
