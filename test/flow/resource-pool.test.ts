import { describe, expect, it } from "vitest";
import { ResourcePool, type ResourceLease, TimeoutError } from "manyhands";
import { turn } from "../limits/fake-clock.js";
import { clock, failures, open, server, useConnections } from "./connection-pool.js";
import { type Connection, deferred } from "./fake-server.js";

useConnections();

function ids(leases: readonly ResourceLease<Connection>[]): number[] {
  return leases.map(({ value }) => value.id);
}

describe("ResourcePool.acquire", () => {
  it("makes resources when they are needed, up to max, and uses them again", async () => {
    const pool = open({ max: 2 });
    await turn();
    expect(server.made).toBe(0);
    const a = await pool.acquire();
    const b = await pool.acquire();
    const waiting = pool.acquire();
    await turn();
    expect(pool.stats()).toMatchObject({ size: 2, leased: 2, idle: 0, waiting: 1, created: 2 });
    expect(ids([a, b])).toEqual([1, 2]);
    b.release();
    const c = await waiting;
    expect(c.value.id).toBe(2);
    a.release();
    c.release();
    expect(pool.stats()).toMatchObject({ size: 2, leased: 0, idle: 2, waiting: 0 });
    // The one used last is warm.
    expect(await pool.use(({ id }) => id)).toBe(2);
  });

  it("does nothing when a lease is released twice, and keeps what is given back from its last user", async () => {
    const pool = open({ max: 1 });
    const first = await pool.acquire();
    first.release();
    const second = await pool.acquire();
    first.release();
    first.discard();
    first[Symbol.dispose]();
    await first[Symbol.asyncDispose]();
    expect(first.isReleased).toBe(true);
    expect(() => first.value).toThrow(
      new TypeError("Cannot use the resource as its lease is released: somebody else may have it"),
    );
    expect(pool.stats()).toMatchObject({ leased: 1, idle: 0 });
    expect(second.value.id).toBe(1);
    second.release();
  });

  it("gives back at the end of a block", async () => {
    const pool = open({ max: 1 });
    {
      await using connection = await pool.acquire();
      expect(connection.value.id).toBe(1);
    }
    {
      using connection = await pool.acquire();
      expect(connection.value.id).toBe(1);
    }
    expect(pool.stats()).toMatchObject({ leased: 0, idle: 1 });
  });

  it("serves in order of arrival within a priority", async () => {
    const pool = open({ max: 1 });
    const held = await pool.acquire();
    const order: string[] = [];
    const all = [
      ["a", 0],
      ["b", 0],
      ["urgent", 1],
    ].map(([name, priority]) => pool.use(() => void order.push(name as string), { priority: priority as number }));
    held.release();
    await Promise.all(all);
    expect(order).toEqual(["urgent", "a", "b"]);
  });

  it("rejects with the reason of a signal at once, wherever it waits", async () => {
    const pool = open({ max: 1 });
    const reason = new Error("stop");
    await expect(pool.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.made).toBe(0);
    const connecting = deferred();
    server.connecting = connecting.promise;
    const [first, second] = [new AbortController(), new AbortController()];
    const forResource = pool.acquire({ signal: first.signal });
    const forPlace = pool.acquire({ signal: second.signal });
    await turn();
    expect(pool.stats()).toMatchObject({ creating: 1, waiting: 2 });
    second.abort(reason);
    await expect(forPlace).rejects.toBe(reason);
    first.abort(reason);
    await expect(forResource).rejects.toBe(reason);
    expect(pool.stats()).toMatchObject({ creating: 1, waiting: 0 });
    // What was under way is not lost: the next takes it.
    const next = pool.acquire();
    connecting.resolve();
    const lease = await next;
    expect(lease.value.id).toBe(1);
    expect(server.made).toBe(1);
    lease.release();
  });

  it("gives up after its timeout, and says what it waited for", async () => {
    const pool = open({ max: 1, acquireTimeout: 100, name: "ledger" });
    const connecting = deferred();
    server.connecting = connecting.promise;
    const first = pool.acquire().then(undefined, (error: unknown) => error);
    const second = pool.acquire({ timeout: 40 }).then(undefined, (error: unknown) => error);
    await clock.advance(40);
    expect(await second).toEqual(
      new TimeoutError("Cannot acquire a resource of 'ledger' within 40 ms as all 1 were in use", 40),
    );
    await clock.advance(60);
    expect(await first).toEqual(
      new TimeoutError("Cannot acquire a resource of 'ledger' within 100 ms as none could be made ready in time", 100),
    );
    connecting.resolve();
    await turn();
    expect(pool.stats()).toMatchObject({ idle: 1, waiting: 0 });
  });

  it("refuses what makes no sense, at once", async () => {
    const pool = open();
    await expect(pool.acquire({ timeout: -1 })).rejects.toThrow("Cannot set 'acquire.timeout'");
    await expect(pool.acquire({ timout: 1 } as object)).rejects.toThrow("did you mean 'timeout'?");
    await expect(pool.acquire({ amounts: { tokens: 1 } })).rejects.toThrow(
      "Cannot set 'acquire.amounts' as the pool has no limits: set its option 'limits'",
    );
    await expect(pool.acquire({ key: "a" })).rejects.toThrow("Cannot set 'acquire.key' as the pool has no limits");
    await expect(pool.use(5 as unknown as () => void)).rejects.toThrow("Cannot use as a function is needed");
    expect(() => pool.stop({ timeout: -1 })).toThrow("Cannot set 'stop.timeout'");
    expect(server.made).toBe(0);
  });

  it("refuses options that are not valid", () => {
    const bad: [object, string][] = [
      [{ create: 5 }, "Cannot set 'create' as it must be a function: current value is 5"],
      [{ destroy: undefined }, "Cannot set 'destroy' as it must be a function: current value is undefined"],
      [{ validate: true }, "Cannot set 'validate' as it must be a function"],
      [{ max: 0 }, "Cannot set 'max' as it must be an integer of at least 1: current value is 0"],
      [{ min: 3, max: 2 }, "Cannot set 'min' as it must be an integer from 0 to 'max', which is 2: current value is 3"],
      [{ idleTimeout: -1 }, "Cannot set 'idleTimeout'"],
      [{ acquireTimeout: Number.NaN }, "Cannot set 'acquireTimeout'"],
      [
        { idleTimout: 1 },
        "Cannot set 'ResourcePool.idleTimout' as there is no such option: did you mean 'idleTimeout'?",
      ],
      [{ retry: { retrys: 1 } }, "Cannot set 'retry.retrys'"],
    ];
    for (const [options, message] of bad) {
      expect(() => new ResourcePool({ create: () => 1, destroy: () => {}, ...options })).toThrow(message);
    }
  });
});

describe("a pool whose resources cannot be made", () => {
  it("tells each that waits for one, at once, and serves again when they can", async () => {
    const pool = open({ max: 2 });
    server.error = new Error("connection refused");
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => pool.acquire()));
    expect(all.every((one) => one.status === "rejected" && one.reason === server.error)).toBe(true);
    expect(pool.stats()).toMatchObject({ size: 0, waiting: 0, failed: 10, created: 0 });
    expect(clock.elapsed).toBe(0);
    server.error = undefined;
    await using lease = await pool.acquire();
    expect(lease.value.id).toBe(1);
    expect(failures).toEqual([]);
  });

  it("takes an error that is thrown at once as one that is rejected with", async () => {
    const error = new Error("Cannot connect");
    const pool = open({
      create: () => {
        throw error;
      },
    });
    await expect(pool.acquire()).rejects.toBe(error);
    expect(pool.stats()).toMatchObject({ size: 0, creating: 0 });
  });

  it("tries again as its retries say, before it tells anybody", async () => {
    const pool = open({ max: 1, retry: { retries: 2, wait: 100, jitter: 0 } });
    server.error = new Error("connection refused");
    const failing = pool.acquire().then(undefined, (error: unknown) => error);
    await clock.advance(299);
    expect(pool.stats()).toMatchObject({ creating: 1, failed: 0 });
    await clock.advance(1);
    expect(await failing).toBe(server.error);
    expect(pool.stats()).toMatchObject({ creating: 0, failed: 1 });
    const waiting = pool.acquire();
    await clock.advance(100);
    server.error = undefined;
    await clock.advance(200);
    (await waiting).release();
  });

  it("names the last failure as the cause of a timeout", async () => {
    const pool = open({ max: 1, acquireTimeout: 50, retry: { retries: 0 } });
    server.error = new Error("connection refused");
    await expect(pool.acquire()).rejects.toBe(server.error);
    const connecting = deferred();
    server.connecting = connecting.promise;
    const late = pool.acquire().then(undefined, (error: unknown) => error);
    await clock.advance(50);
    expect(await late).toMatchObject({ code: "MH_TIMEOUT", cause: server.error });
    server.error = undefined;
    connecting.resolve();
  });

  it("gives up on an attempt that hangs, tells it so, and destroys what comes too late", async () => {
    let signal: AbortSignal | undefined;
    const pool = open({
      max: 1,
      createTimeout: 1000,
      create: (context) => {
        signal = context.signal;
        return server.connect();
      },
    });
    const connecting = deferred();
    server.connecting = connecting.promise;
    const hanging = pool.acquire().then(undefined, (error: unknown) => error);
    await clock.advance(1000);
    const error = new TimeoutError("Cannot create a resource within 1000 ms", 1000);
    expect(await hanging).toEqual(error);
    expect(signal?.reason).toEqual(error);
    expect(pool.stats()).toMatchObject({ size: 0, failed: 1 });
    server.connecting = undefined;
    const other = await pool.acquire();
    connecting.resolve();
    await turn();
    expect(server.closed).toEqual([2]);
    expect(pool.stats()).toMatchObject({ size: 1, created: 2, destroyed: 1 });
    other.release();
  });
});

describe("a pool that checks its resources", () => {
  const validate = async (connection: Connection): Promise<boolean> => {
    await turn();
    return connection.isGood;
  };

  it("replaces those that broke, before anybody gets them", async () => {
    const pool = open({ max: 3, validate });
    const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
    for (const lease of leases) lease.release();
    server.restart();
    const fresh = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
    expect(ids(fresh).toSorted((a, b) => a - b)).toEqual([4, 5, 6]);
    expect(server).toMatchObject({ closed: [3, 2, 1], most: 3, alive: 3 });
    for (const lease of fresh) lease.release();
    expect(failures).toEqual([]);
  });

  it("takes one whose check throws, or takes too long, for broken, and reports that", async () => {
    const hanging = deferred();
    const error = new Error("connection reset");
    const checks = [() => Promise.reject(error), () => hanging.promise.then(() => true), () => true];
    const pool = open({ max: 1, validateTimeout: 200, validate: () => checks.shift()!() });
    (await pool.acquire()).release();
    (await pool.acquire()).release();
    const waiting = pool.acquire();
    await clock.advance(200);
    (await waiting).release();
    const last = await pool.acquire();
    expect(last.value.id).toBe(3);
    last.release();
    expect(failures).toEqual([
      { during: "validate", error },
      { during: "validate", error: new TimeoutError("Cannot validate a resource within 200 ms", 200) },
    ]);
  });

  it("asks only those that were not used for a while, where it is told so", async () => {
    let checks = 0;
    const pool = open({ max: 1, validateAfter: 500, validate: () => ++checks > 0 });
    (await pool.acquire()).release();
    await clock.advance(499);
    (await pool.acquire()).release();
    expect(checks).toBe(0);
    await clock.advance(500);
    (await pool.acquire()).release();
    expect(checks).toBe(1);
  });

  it("keeps one that was found good after whoever waited for it left", async () => {
    const checking = deferred();
    const pool = open({ max: 1, validate: () => checking.promise.then(() => true) });
    (await pool.acquire()).release();
    const controller = new AbortController();
    const waiting = pool.acquire({ signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toThrow("aborted");
    checking.resolve();
    await turn();
    expect(pool.stats()).toMatchObject({ idle: 1, destroyed: 0 });
  });
});

describe("Lease.discard and ResourcePool.use", () => {
  it("ends a broken one before another takes its place", async () => {
    const reasons: unknown[] = [];
    const pool = open({
      max: 1,
      destroy: (connection, reason) => {
        reasons.push(reason);
        return server.close(connection);
      },
    });
    const closing = deferred();
    server.closing = closing.promise;
    const broken = await pool.acquire();
    const error = new Error("connection reset");
    broken.discard(error);
    broken.release();
    const next = pool.acquire();
    await turn();
    expect(pool.stats()).toMatchObject({ size: 1, destroying: 1, waiting: 1, leased: 0 });
    closing.resolve();
    const lease = await next;
    expect(lease.value.id).toBe(2);
    expect(server.most).toBe(1);
    expect(reasons).toEqual([error]);
    lease.release();
  });

  it("keeps a resource whose user failed, unless the error says that it is broken", async () => {
    const reset = new Error("connection reset");
    const pool = open({ max: 1, isBroken: (error) => error === reset });
    const fail = (error: Error) => (): never => {
      throw error;
    };
    expect(await pool.use(({ id }) => id)).toBe(1);
    await expect(pool.use(fail(new Error("syntax error")))).rejects.toThrow("syntax error");
    expect(await pool.use(({ id }) => id)).toBe(1);
    await expect(pool.use(fail(reset))).rejects.toBe(reset);
    expect(await pool.use(({ id }) => id)).toBe(2);
    await pool.use((_connection, lease) => lease.discard());
    expect(await pool.use(({ id }) => id)).toBe(3);
    expect(server.closed).toEqual([1, 2]);
  });

  it("throws the error of the function also where isBroken throws one, and ends the resource", async () => {
    const pool = open({
      max: 1,
      isBroken: () => {
        throw new Error("oops");
      },
    });
    const failing = pool.use(() => Promise.reject(new Error("syntax error")));
    await expect(failing).rejects.toThrow("syntax error");
    await turn();
    expect(server.closed).toEqual([1]);
    expect(failures.map(({ during, error }) => [during, String(error)])).toEqual([["validate", "Error: oops"]]);
  });

  it("reports what destroy throws, and when it takes too long, and goes on", async () => {
    const error = new Error("Cannot close");
    const hanging = deferred();
    const ends = [() => Promise.reject(error), () => hanging.promise];
    const pool = open({
      max: 1,
      destroyTimeout: 300,
      destroy: async (connection) => {
        await server.close(connection);
        await ends.shift()?.();
      },
    });
    (await pool.acquire()).discard();
    (await pool.acquire()).discard();
    const waiting = pool.acquire();
    await clock.advance(300);
    (await waiting).release();
    expect(failures).toEqual([
      { during: "destroy", error },
      { during: "destroy", error: new TimeoutError("Cannot destroy a resource within 300 ms", 300) },
    ]);
    expect(pool.stats()).toMatchObject({ created: 3, destroyed: 2, size: 1 });
  });
});
