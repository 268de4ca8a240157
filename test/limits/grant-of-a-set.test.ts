import { describe, expect, it } from "vitest";
import { CallLimit, type Grant, LimitPool, LimitSet } from "manyhands";
import { FakeClock, stateOf } from "./fake-clock.js";
import { Line } from "./test-line.js";

type Pool = LimitPool<{ account: string }>;

function accounts(capacity = 10): { clock: FakeClock; pool: Pool; paused(): boolean[]; left(): number[] } {
  const clock = new FakeClock();
  const pool = new LimitPool(
    ["red", "green"].map(
      (account) => new LimitSet([new CallLimit({ capacity, window: 60_000 })], { clock, config: { account } }),
    ),
  );
  return {
    clock,
    pool,
    paused: () => pool.stats().map(({ pausedFor }) => pausedFor > 0),
    left: () => pool.stats().map(({ limits: [calls] }) => calls!.capacity - calls!.inUse),
  };
}

const accountOf = ({ config }: Grant): unknown => (config as { account: string }).account;

describe("a grant", () => {
  it("pauses the set it was taken from, and the others go on", async () => {
    const { pool, paused } = accounts();
    const grant = await pool.acquire();
    expect(grant.config.account).toBe("red");
    grant.pause(5000);
    expect(paused()).toEqual([true, false]);
    const next = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
    expect(next.map(accountOf)).toEqual(["green", "green", "green"]);
  });

  it("tells what a response says to its own set, also when it is released", async () => {
    const { pool, paused, left } = accounts();
    const [red, green] = [await pool.acquire(), await pool.acquire()];
    green.release();
    green.learn({ "x-ratelimit-remaining-requests": "3" });
    expect(left()).toEqual([9, 3]);
    red.release();
    red.learn(new Headers({ "retry-after": "2" }));
    expect(paused()).toEqual([true, false]);
    expect(pool.stats()[0]!.pausedFor).toBe(2000);
  });

  it("of a set alone pauses that set", async () => {
    const clock = new FakeClock();
    const set = new LimitSet([new CallLimit({ capacity: 10, window: 60_000 })], { clock });
    using grant = await set.acquire();
    grant.pause(300);
    const waiting = set.acquire();
    expect(await stateOf(waiting)).toBe("pending");
    await clock.advance(300);
    expect(await stateOf(waiting)).toBe("fulfilled");
  });

  it("refuses a pause that is none", async () => {
    const { pool, paused } = accounts();
    const grant = await pool.acquire();
    expect(() => grant.pause(-1)).toThrow(RangeError);
    expect(() => grant.pause("1" as never)).toThrow(/current value is '1'/);
    expect(paused()).toEqual([false, false]);
  });

  it.each(["a process", "a thread"])("of limits elsewhere speaks for its set, in %s", async (place) => {
    const { pool, paused, left } = accounts();
    const line = new Line(pool, place === "a thread");
    await line.carry();
    const asked = [line.client.acquire(), line.client.acquire()];
    await line.carry();
    const [red, green] = await Promise.all(asked);
    expect([accountOf(red!), accountOf(green!)]).toEqual(["red", "green"]);
    red!.release();
    red!.learn({ "x-ratelimit-remaining-requests": "4" });
    green!.pause(5000);
    await line.carry();
    expect(paused()).toEqual([false, true]);
    expect(left()[0]).toBe(4);
    const next = [line.client.acquire(), line.client.acquire()];
    await line.carry();
    expect((await Promise.all(next)).map(accountOf)).toEqual(["red", "red"]);
  });

  it("of limits two places away speaks for its set", async () => {
    const { pool, paused } = accounts();
    const outer = new Line(pool);
    await outer.carry();
    const inner = new Line(outer.client);
    await inner.carry();
    const asked = inner.client.acquire();
    inner.carryUp();
    await outer.carry();
    await inner.carry();
    (await asked).pause(5000);
    inner.carryUp();
    await outer.carry();
    expect(paused()).toEqual([true, false]);
  });

  it("takes nothing more of its set in its own thread before the owner has read of the pause", async () => {
    const { pool } = accounts();
    const line = new Line(pool, true);
    await line.carry();
    const red = await line.client.acquire();
    red.pause(60_000);
    const next = [await line.client.acquire(), await line.client.acquire()];
    expect(next.map(accountOf)).toEqual(["green", "green"]);
  });
});
