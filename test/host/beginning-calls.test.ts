import { call, LimitSet } from "manyhands";
import { expect, it } from "vitest";
import { CallServer } from "../../dist/host/call-server.js";

it("fires the signal of a call also in its first, synchronous part, and that of no other", async () => {
  const outcomes: unknown[] = [];
  const seen: boolean[] = [];
  const worker = {
    outer(): boolean {
      const { signal } = call();
      seen.push(signal.aborted);
      // A call within a call, which cancels the outer one.
      begin(2, 1);
      seen.push(signal.aborted);
      return signal.aborted;
    },
    inner(): boolean {
      server.cancel(1, "enough");
      return call().signal.aborted;
    },
  };
  const server: CallServer = new CallServer(
    worker,
    ["outer", "inner"],
    { concurrency: 2, pool: "pool", isAlone: false, limits: new LimitSet([]) },
    {
      done: (id, _ran, value) => outcomes.push([id, value]),
      failed: (id, _ran, thrown) => outcomes.push([id, thrown]),
      items: () => {},
      progress: () => {},
      log: () => {},
    },
    { mayBegin: () => true, mayBeginBlindly: () => true, mayGoOn: () => true, nextTurn: setImmediate },
  );
  const begin = (id: number, method: number): void =>
    server.call({
      sequence: id,
      method,
      args: [],
      attempt: 1,
      deadline: 0,
      readAhead: 0,
      isUrgent: false,
      handedAs: 0,
      grant: undefined,
    });
  begin(1, 0);
  await server.idle();
  expect(seen).toEqual([false, true]);
  expect(outcomes).toEqual([
    [2, false],
    [1, true],
  ]);
});
