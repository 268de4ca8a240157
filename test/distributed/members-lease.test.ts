import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { Lease } from "../../dist/distributed/members/lease.js";
import { Members } from "../../dist/distributed/members/members.js";
import { sharedRedis } from "#fixtures/redis.js";
import { factsOf, setUpMembers } from "./members-setup.js";

/** A connection that goes and comes when a test says so. */
class FakeConnection {
  status = "ready";
  readonly listeners = new Map<string, () => void>();

  on(event: string, listener: (error: Error) => void): this {
    this.listeners.set(event, listener as () => void);
    return this;
  }

  off(event: string): this {
    this.listeners.delete(event);
    return this;
  }
}

describe("a lease on a clock of its own", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const begin = (
    beat: (mayReap: boolean) => Promise<boolean>,
  ): { lease: Lease; connection: FakeConnection; lost: ReturnType<typeof vi.fn> } => {
    const connection = new FakeConnection();
    const lost = vi.fn<() => void>();
    return { lease: new Lease({ lease: 1000, connection, beat, lost }, performance.now()), connection, lost };
  };

  it("beats each quarter, and reaps only after the connection was up for longer than the lease", async () => {
    const beats: [number, boolean][] = [];
    const start = performance.now();
    const { lease, connection } = begin((mayReap) => {
      beats.push([performance.now() - start, mayReap]);
      return Promise.resolve(true);
    });
    await vi.advanceTimersByTimeAsync(1400);
    expect(beats).toEqual([250, 500, 750, 1000, 1250].map((at) => [at, at > 1000]));
    expect(lease.validUntil - start).toBe(2250);
    connection.listeners.get("close")!();
    expect(lease.connectedSince).toBeUndefined();
    await vi.advanceTimersByTimeAsync(100);
    connection.listeners.get("ready")!();
    await vi.advanceTimersByTimeAsync(250);
    expect(beats.slice(5)).toEqual([
      [1500, false],
      [1500, false],
      [1750, false],
    ]);
    lease.stop();
    expect(connection.listeners.size).toBe(0);
    await vi.advanceTimersByTimeAsync(5000);
    expect(beats).toHaveLength(8);
  });

  it("runs out while beats are not answered or fail, and holds again after one that is", async () => {
    let answer: (isRenewed: boolean) => void = () => {};
    const sent: number[] = [];
    const start = performance.now();
    const { lease } = begin(() => {
      sent.push(performance.now() - start);
      if (sent.length === 1) return Promise.reject(new Error("MISCONF"));
      if (sent.length > 2) return Promise.resolve(true);
      return new Promise((resolve) => (answer = resolve));
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(lease.isValid).toBe(true);
    await vi.advanceTimersByTimeAsync(1001);
    expect(lease.isValid).toBe(false);
    expect(sent).toEqual([250, 500]);
    // It counts from when the beat was sent; so the next follows at once.
    answer(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([250, 500, 2000]);
    expect(lease.isValid).toBe(true);
    expect(lease.validUntil - start).toBe(3000);
    lease.stop();
    expect(lease.isValid).toBe(false);
  });

  it("says once that it is lost", async () => {
    let beats = 0;
    const { lease, lost } = begin(() => {
      beats += 1;
      return Promise.resolve(false);
    });
    lease.beatSoon();
    lease.beatSoon();
    await vi.advanceTimersByTimeAsync(3000);
    expect(lost).toHaveBeenCalledTimes(1);
    expect(beats).toBe(1);
    expect(lease.isValid).toBe(false);
    lease.beatSoon();
    expect(beats).toBe(1);
  });
});

it(
  "a node that falls silent is found dead soon after its lease, by the clock of the server",
  { timeout: 20_000 },
  async () => {
    await using setup = setUpMembers();
    const broker = resolveBroker({ url: sharedRedis(), prefix: setup.keys.base.slice(1, -1), lease: 1000 });
    const connection = connect(broker, "owner");
    const members = new Members(connection, broker);
    await members.joinNode(factsOf("silent"));
    await members.joinNode(factsOf("alive"));
    const silentSince = performance.now();
    await members.joinOwner("o", { host: "here", pid: 1 });
    const failed = vi.fn<() => void>();
    const node = new Lease(
      {
        lease: 1000,
        connection,
        beat: async (mayReap) => (await members.beatNode("alive", ["o"], mayReap)).isMember,
        lost: failed,
      },
      performance.now(),
    );
    const foundAfter = await new Promise<number>((resolve) => {
      const lease = new Lease(
        {
          lease: 1000,
          connection,
          beat: async (mayReap) => {
            const { isMember, dead } = await members.beatOwner("o", ["silent", "alive"], [], mayReap);
            if (dead.length > 0) {
              expect(dead).toMatchObject([{ node: "silent" }]);
              lease.stop();
              resolve(performance.now() - silentSince);
            }
            return isMember;
          },
          lost: failed,
        },
        performance.now(),
      );
    });
    node.stop();
    expect(foundAfter).toBeGreaterThan(990);
    expect(foundAfter).toBeLessThan(10_000);
    expect(failed).not.toHaveBeenCalled();
    await connection.quit();
  },
);
