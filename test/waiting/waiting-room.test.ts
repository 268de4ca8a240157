import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Call, type CallOwner } from "../../dist/pool/call.js";
import { CallKind } from "../../dist/pool/call-kind.js";
import type { CallOptions } from "../../dist/pool/options.js";
import { type Waiter, WaitingRoom } from "../../dist/waiting/waiting-room.js";

interface TestCall extends Waiter {
  readonly rank: number;
  readonly sequence: number;
}

/** What the room must equal: a list kept sorted. */
class SortedList {
  readonly calls: TestCall[] = [];

  add(call: TestCall): void {
    const before = (other: TestCall): boolean =>
      other.rank < call.rank || (other.rank === call.rank && other.sequence < call.sequence);
    this.calls.splice(this.calls.findLastIndex(before) + 1, 0, call);
  }

  delete(call: TestCall): void {
    const at = this.calls.indexOf(call);
    if (at >= 0) this.calls.splice(at, 1);
  }

  oldest(): TestCall | undefined {
    return this.calls.toSorted((a, b) => a.sequence - b.sequence)[0];
  }
}

type Step =
  | { readonly kind: "add"; readonly rank: number }
  | { readonly kind: "delete" | "return"; readonly which: number }
  | { readonly kind: "take" | "peek" | "oldest" | "takeAll" };

const rank = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 6 }) },
  fc.double({ noNaN: true }),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const addStep = fc.record({ kind: fc.constant("add" as const), rank });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: addStep },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.constant({ kind: "take" as const }) },
  fc.constantFrom({ kind: "peek" as const }, { kind: "oldest" as const }, { kind: "takeAll" as const }),
);
const returnStep = fc.record({ kind: fc.constant("return" as const), which: fc.nat() });

/** Runs the steps in the room and in the model, and compares every answer. */
function compare(steps: readonly Step[]): void {
  const room = new WaitingRoom<TestCall>();
  const model = new SortedList();
  const made: TestCall[] = [];
  for (const current of steps) {
    switch (current.kind) {
      case "add": {
        const call: TestCall = { rank: current.rank, sequence: made.length, waitsIn: undefined };
        made.push(call);
        room.add(call);
        model.add(call);
        break;
      }
      case "delete": {
        const call = made[current.which % made.length];
        if (!call) break;
        room.delete(call);
        model.delete(call);
        expect(call.waitsIn).toBeUndefined();
        break;
      }
      case "return": {
        const call = made[current.which % made.length];
        if (!call || call.waitsIn) break;
        room.add(call);
        model.add(call);
        break;
      }
      case "take":
        expect(room.take()).toBe(model.calls.shift());
        break;
      case "peek":
        expect(room.peek()).toBe(model.calls[0]);
        break;
      case "oldest":
        expect(room.oldest()).toBe(model.oldest());
        break;
      case "takeAll":
        expect(room.takeAll()).toEqual(model.calls.splice(0));
    }
    expect(room.size).toBe(model.calls.length);
  }
  expect(room.takeAll()).toEqual(model.calls);
  expect(room.size).toBe(0);
  expect(made.every(({ waitsIn }) => waitsIn === undefined)).toBe(true);
}

describe("WaitingRoom", () => {
  it("answers as a list sorted by rank, then by sequence, does", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => compare(steps)),
      { numRuns: 300 },
    );
  });

  it("puts a call that comes back, from a worker that died, at its former place (W1)", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(step, returnStep), { maxLength: 80, size: "max" }), (steps) => compare(steps)),
      { numRuns: 300 },
    );
  });

  it("keeps the order also when thousands have come and gone", () => {
    const adds = Array.from({ length: 5000 }, (_, at): Step => ({ kind: "add", rank: at % 7 === 0 ? at - 100 : at }));
    const takes = Array.from({ length: 3000 }, (): Step => ({ kind: "take" }));
    compare([...adds, ...takes, ...adds.slice(0, 2000), ...takes]);
  });

  it("answers with nothing when it is empty", () => {
    const room = new WaitingRoom<TestCall>();
    expect([room.peek(), room.take(), room.oldest(), room.takeAll(), room.size]).toEqual([
      undefined,
      undefined,
      undefined,
      [],
      0,
    ]);
  });

  it("does not delete what waits in another room, or was taken", () => {
    const [room, other] = [new WaitingRoom<TestCall>(), new WaitingRoom<TestCall>()];
    const call: TestCall = { rank: 1, sequence: 1, waitsIn: undefined };
    other.add(call);
    room.delete(call);
    expect(other.size).toBe(1);
    expect(room.size).toBe(0);
    expect(other.take()).toBe(call);
    other.delete(call);
    expect(other.size).toBe(0);
  });

  it("passes over a call that moved to another room", () => {
    const [room, other] = [new WaitingRoom<TestCall>(), new WaitingRoom<TestCall>()];
    const [first, second] = [1, 2].map((sequence): TestCall => ({ rank: 0, sequence, waitsIn: undefined }));
    room.add(first!);
    room.add(second!);
    room.delete(first!);
    other.add(first!);
    expect(room.oldest()).toBe(second);
    expect(room.takeAll()).toEqual([second]);
    expect(other.takeAll()).toEqual([first]);
  });
});

describe("ageing", () => {
  const AGEING = 1000;
  const DEFAULTS = { timeout: undefined, ageing: AGEING, loadBalancing: "random" } as const;
  const owner: CallOwner = { id: "pool", name: "Test", cancel: () => {}, timedOut: () => {}, over: () => {} };
  let sequence = 0;

  afterEach(() => {
    vi.useRealTimers();
  });

  /** A call made at the present fake time. */
  function callNow(options: CallOptions): Call {
    const kind = new CallKind(owner, { index: 0, name: "run", isStream: false }, options, {}, undefined, DEFAULTS);
    const call = new Call(kind, ++sequence, [], performance.now());
    call.wait();
    return call;
  }

  it("lets a call of higher priority go first among those of one time", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const room = new WaitingRoom<Call>();
    for (const priority of [0, 2, -1, 1, 2]) room.add(callNow({ priority }));
    expect(room.takeAll().map(({ options }) => options.priority)).toEqual([2, 2, 1, 0, -1]);
  });

  it("puts a call of low priority ahead of each that comes `ageing` ms later per point, and of no earlier one", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: -500, max: 500 }), (points, offset) => {
        fc.pre(offset !== 0);
        const room = new WaitingRoom<Call>();
        const low = callNow({ priority: 0 });
        room.add(low);
        vi.advanceTimersByTime(points * AGEING + offset);
        const high = callNow({ priority: points });
        room.add(high);
        expect(room.peek()).toBe(offset > 0 ? low : high);
      }),
      { numRuns: 100 },
    );
  });

  it("starves nobody: a low priority is served while calls of high priority never cease to come", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const room = new WaitingRoom<Call>();
    const low = callNow({ priority: -1 });
    room.add(low);
    let served = 0;
    for (let taken: Call | undefined; taken !== low; served += 1) {
      // Two come for each that is served: the line of those of high priority only grows.
      room.add(callNow({ priority: 4 }));
      room.add(callNow({ priority: 4 }));
      vi.advanceTimersByTime(100);
      taken = room.take();
      expect(served).toBeLessThan(200);
    }
    // 5 points above it, so 5,000 ms: in that time 100 came, and each of them goes first.
    expect(served).toBeGreaterThan(90);
    expect(served).toBeLessThan(110);
  });
});
