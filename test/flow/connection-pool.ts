/** What tests of resource pools begin with: a clock, a server, and pools of its connections, which are stopped after each. */
import { afterEach, beforeEach, expect } from "vitest";
import { type ResourceFailure, ResourcePool, type ResourcePoolOptions } from "manyhands";
import { FakeClock } from "../limits/fake-clock.js";
import { type Connection, FakeServer } from "./fake-server.js";

export let clock: FakeClock;
export let server: FakeServer;
/** What the pools reported. */
export let failures: ResourceFailure[];
let pools: ResourcePool<Connection>[];

/** Has each test of the file begin anew, and end with nothing left. */
export function useConnections(): void {
  beforeEach(() => {
    clock = new FakeClock();
    server = new FakeServer();
    failures = [];
    pools = [];
  });

  afterEach(async () => {
    server.closing = undefined;
    await Promise.all(pools.map((pool) => pool.stop()));
    expect(server.alive).toBe(0);
    expect(clock.pending).toBe(0);
  });
}

export function open(options: Partial<ResourcePoolOptions<Connection>> = {}): ResourcePool<Connection> {
  const pool = new ResourcePool<Connection>({
    create: () => server.connect(),
    destroy: (connection) => server.close(connection),
    onError: (failure) => failures.push(failure),
    clock,
    ...options,
  });
  pools.push(pool);
  return pool;
}
