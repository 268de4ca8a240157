import fc from "fast-check";
import { call, CancelledError, LimitSet, SerializationError } from "manyhands";
import { describe, expect, it } from "vitest";
import { CallServer, type HostedCall, type Pacing, type Replies } from "../../dist/host/call-server.js";

type Outcome = ["done" | "failed", value: unknown];

/** Keeps what a server replies. */
class Recorder implements Replies {
  readonly outcomes = new Map<number, Outcome[]>();
  readonly rans: number[] = [];
  readonly others: unknown[][] = [];

  done(id: number, ran: number, value: unknown): void {
    this.#add(id, ran, ["done", value]);
  }
  failed(id: number, ran: number, thrown: unknown): void {
    this.#add(id, ran, ["failed", thrown]);
  }
  items(id: number, items: unknown[]): void {
    this.others.push(["items", id, ...items]);
  }
  progress(id: number, done: number, total: number | undefined): void {
    this.others.push(["progress", id, done, total]);
  }
  log(id: number, values: unknown[]): void {
    this.others.push(["log", id, ...values]);
  }

  /** The outcomes of a call: one, when all is well. */
  of(id: number): Outcome[] {
    return this.outcomes.get(id) ?? [];
  }

  #add(id: number, ran: number, outcome: Outcome): void {
    this.rans.push(ran);
    this.outcomes.set(id, [...this.of(id), outcome]);
  }
}

/** Lets everything begin, unless told otherwise. */
class TestPacing implements Pacing {
  isOpen = true;
  isSwift = true;
  readonly asked: number[] = [];
  readonly ended: number[] = [];

  mayBegin(hosted: HostedCall): boolean {
    this.asked.push(hosted.sequence);
    return this.isOpen;
  }
  mayBeginBlindly(): boolean {
    return true;
  }

  mayGoOn(method: number): boolean {
    this.ended.push(method);
    return this.isSwift;
  }

  nextTurn(fn: () => void): void {
    setImmediate(fn);
  }
}

interface Gate {
  resolve(value?: unknown): void;
  reject(error: unknown): void;
}

/** A worker whose calls end when the test says so. */
class Gated {
  readonly begun: number[] = [];
  readonly gates = new Map<number, Gate>();
  readonly signals = new Map<number, AbortSignal>();
  inner: (() => unknown) | undefined;

  wait(id: number): Promise<unknown> {
    this.begun.push(id);
    this.signals.set(id, call().signal);
    return new Promise((resolve, reject) => this.gates.set(id, { resolve, reject }));
  }
  now(id: number): unknown {
    this.begun.push(id);
    return this.inner?.();
  }
  async *stream(id: number): AsyncGenerator<unknown> {
    this.begun.push(id);
    for (let at = 0; ; at += 1) yield `${id}.${at}`;
  }
}

const METHODS = ["wait", "now", "stream"];
const [WAIT, NOW, STREAM] = [0, 1, 2];
const PLAIN = { attempt: 1, deadline: 0, readAhead: 0, isUrgent: false, grant: undefined };

function create(concurrency = 1, isAlone = false, limits = new LimitSet([])) {
  const [worker, replies, pacing] = [new Gated(), new Recorder(), new TestPacing()];
  const server = new CallServer(worker, METHODS, { concurrency, pool: "pool", isAlone, limits }, replies, pacing);
  const send = (id: number, method: number, given: Partial<HostedCall> = {}): void =>
    server.call({ sequence: id, method, args: [id], ...PLAIN, handedAs: id, ...given });
  return { worker, replies, pacing, server, send };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

const error = new Error("no luck");

function fail(): never {
  throw error;
}

describe("the outcome of a call (C1)", () => {
  it.each<[string, () => unknown, Outcome]>([
    ["returns", () => 5, ["done", 5]],
    ["returns nothing", () => undefined, ["done", undefined]],
    ["throws", fail, ["failed", error]],
    ["returns a promise that fulfils", () => Promise.resolve("later"), ["done", "later"]],
    ["returns a promise that rejects", () => Promise.reject(error), ["failed", error]],
    ["returns a list, which is no iterator", () => [1, 2], ["done", [1, 2]]],
    // oxlint-disable-next-line prefer-promise-reject-errors -- what is thrown need not be an error
    ["rejects with nothing", () => Promise.reject(undefined), ["failed", undefined]],
  ])("is told once when the method %s", async (_name, inner, outcome) => {
    const { worker, replies, send, server } = create();
    worker.inner = inner;
    send(1, NOW);
    await server.idle();
    expect(replies.of(1)).toEqual([outcome]);
    expect(replies.rans[0]).toBeGreaterThanOrEqual(0);
  });

  it("is a failure when an iterator is returned and none was expected", () => {
    const { worker, replies, send } = create();
    worker.inner = () => [1, 2].values();
    send(1, NOW);
    const [[status, thrown]] = replies.of(1) as [Outcome];
    expect(status).toBe("failed");
    expect(thrown).toBeInstanceOf(SerializationError);
    expect(thrown).toMatchObject({ path: "result" });
    expect((thrown as Error).message).toContain("'now' is not a generator method: write it as 'async *now'");
  });

  type Then = (onFulfilled: (value: unknown) => void, onRejected: (reason: unknown) => void) => void;

  it.each<[string, Then, Outcome]>([
    ["settles twice", (fulfil, reject) => [fulfil(1), fulfil(2), reject(error)], ["done", 1]],
    ["fulfils with a promise", (fulfil) => fulfil(Promise.resolve("inner")), ["done", "inner"]],
    ["throws", fail, ["failed", error]],
  ])("is told once, as `await` would see it, when the result is a thenable that %s", async (_name, then, outcome) => {
    const { worker, replies, send, server } = create();
    worker.inner = () => ({ then });
    expect(() => send(1, NOW)).not.toThrow();
    await server.idle();
    await turn();
    expect(replies.of(1)).toEqual([outcome]);
  });

  it.each(["then", "next"])("is told when the result has a getter of '%s' that throws", async (key) => {
    const { worker, replies, send } = create();
    worker.inner = () => Object.defineProperty({}, key, { get: fail });
    expect(() => send(1, NOW)).not.toThrow();
    await turn();
    expect(replies.of(1)).toHaveLength(1);
  });
});

describe("the order of calls (C2)", () => {
  it("begins calls in the order they came, `concurrency` at once", async () => {
    const { worker, send, replies } = create(2);
    for (const id of [1, 2, 3, 4, 5]) send(id, id === 4 ? NOW : WAIT);
    expect(worker.begun).toEqual([1, 2]);
    worker.gates.get(2)!.resolve();
    await turn();
    expect(worker.begun).toEqual([1, 2, 3]);
    worker.gates.get(1)!.reject(error);
    await turn();
    // 4 ends at once, and makes room for 5.
    expect(worker.begun).toEqual([1, 2, 3, 4, 5]);
    expect(replies.of(4)).toEqual([["done", undefined]]);
  });

  it("begins urgent calls at once beside what runs, and counts them not", async () => {
    const { worker, send, pacing } = create(1);
    send(1, WAIT);
    send(2, WAIT);
    pacing.isOpen = false;
    send(3, WAIT, { isUrgent: true });
    expect(worker.begun).toEqual([1, 3]);
    pacing.isOpen = true;
    worker.gates.get(3)!.resolve();
    await turn();
    expect(worker.begun).toEqual([1, 3]);
    worker.gates.get(1)!.resolve();
    await turn();
    expect(worker.begun).toEqual([1, 3, 2]);
  });

  it("begins a call that a running one makes no sooner than there is room", async () => {
    const { worker, send } = create(1);
    worker.inner = () => {
      send(2, WAIT);
      worker.begun.push(-1);
    };
    send(1, NOW);
    await turn();
    expect(worker.begun).toEqual([1, -1, 2]);
  });

  it("runs thousands of calls that end at once without growing the stack", () => {
    const { worker, send, server, replies, pacing } = create(1);
    pacing.isOpen = false;
    for (let id = 1; id <= 20_000; id += 1) send(id, NOW);
    expect(worker.begun).toEqual([]);
    pacing.isOpen = true;
    server.resume();
    expect(worker.begun).toHaveLength(20_000);
    expect(worker.begun.every((id, at) => id === at + 1)).toBe(true);
    expect(replies.outcomes.size).toBe(20_000);
  });

  it("keeps C1 and C2 whatever happens", async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("wait", "now", "urgent"), which: fc.nat() }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("resolve", "reject"), which: fc.nat() }) },
      fc.record({ kind: fc.constantFrom("cancel", "close", "hold", "go", "slow", "swift", "turn"), which: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60, size: "max" }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, concurrency) => {
          const { worker, replies, pacing, server, send } = create(concurrency);
          const ordered: number[] = [];
          const dropped = new Set<number>();
          let sent = 0;
          const running = (): number[] => [...worker.gates.keys()];
          const check = (): void => {
            expect(running().filter((id) => ordered.includes(id)).length).toBeLessThanOrEqual(concurrency);
            const begun = worker.begun.filter((id) => ordered.includes(id));
            expect(begun).toEqual(ordered.filter((id) => !dropped.has(id)).slice(0, begun.length));
          };
          for (const { kind, which } of steps) {
            const gates = running();
            const id = gates[which % gates.length];
            const some = 1 + (which % Math.max(1, sent));
            if (kind === "wait" || kind === "now") {
              ordered.push((sent += 1));
              send(sent, kind === "wait" ? WAIT : NOW);
            } else if (kind === "urgent") send((sent += 1), WAIT, { isUrgent: true });
            else if ((kind === "resolve" || kind === "reject") && id !== undefined) {
              worker.gates.get(id)![kind](error);
              worker.gates.delete(id);
              await Promise.resolve();
            } else if (kind === "cancel" || kind === "close") {
              if (sent > 0 && !worker.begun.includes(some)) dropped.add(some);
              if (kind === "cancel") server.cancel(some, error);
              else server.close(some);
            } else if (kind === "hold") pacing.isOpen = false;
            else if (kind === "go") {
              pacing.isOpen = true;
              server.resume();
            } else if (kind === "slow" || kind === "swift") pacing.isSwift = kind === "swift";
            else if (kind === "turn") await turn();
            check();
          }
          pacing.isOpen = true;
          server.resume();
          while (!server.isIdle) {
            for (const [id, gate] of worker.gates) {
              gate.resolve();
              worker.gates.delete(id);
            }
            await turn();
            check();
          }
          await server.idle();
          for (let id = 1; id <= sent; id += 1) expect(replies.of(id), `the outcomes of call ${id}`).toHaveLength(1);
          expect(worker.begun.toSorted((a, b) => a - b)).toEqual(
            Array.from({ length: sent }, (_, at) => at + 1).filter((id) => !dropped.has(id)),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("a call that is cancelled", () => {
  it("is dropped while it waits, and fails with the reason", async () => {
    const { worker, replies, send, server } = create();
    for (const id of [1, 2, 3]) send(id, WAIT);
    server.cancel(2, "enough");
    server.close(3);
    expect(replies.of(2)).toEqual([["failed", "enough"]]);
    expect(replies.of(3)).toEqual([["failed", expect.any(CancelledError)]]);
    worker.gates.get(1)!.resolve();
    await server.idle();
    for (const id of [1, 2, 99]) server.cancel(id, "too late");
    await turn();
    expect(worker.begun).toEqual([1]);
    expect([1, 2, 3].map((id) => replies.of(id).length)).toEqual([1, 1, 1]);
  });

  it("sees its signal fire, with the first reason, while it runs; its outcome is its own", async () => {
    const { worker, replies, send, server } = create();
    send(1, WAIT);
    const signal = worker.signals.get(1)!;
    expect(signal.aborted).toBe(false);
    server.cancel(1, "enough");
    server.cancel(1, "again");
    expect([signal.aborted, signal.reason]).toEqual([true, "enough"]);
    expect(replies.of(1)).toEqual([]);
    worker.gates.get(1)!.resolve("all the same");
    await server.idle();
    expect(replies.of(1)).toEqual([["done", "all the same"]]);
  });

  it("makes room when it is abandoned, and has no outcome any more", async () => {
    const { worker, replies, send, server } = create();
    for (const id of [1, 2]) send(id, WAIT);
    server.abandon(1);
    server.abandon(1);
    expect(worker.begun).toEqual([1, 2]);
    send(3, WAIT);
    worker.gates.get(1)!.resolve();
    await turn();
    expect(worker.begun).toEqual([1, 2]);
    expect(replies.of(1)).toEqual([]);
  });

  it("makes no room when it is abandoned and was urgent (C2)", () => {
    const { worker, send, server } = create();
    send(1, WAIT);
    send(2, WAIT, { isUrgent: true });
    send(3, WAIT);
    server.abandon(2);
    expect(worker.begun).toEqual([1, 2]);
  });
});

describe("pacing", () => {
  it("holds a call back until `resume`, and those behind it", () => {
    const { worker, pacing, send, server } = create(2);
    pacing.isOpen = false;
    for (const id of [1, 2]) send(id, WAIT);
    server.resume();
    expect([worker.begun, pacing.asked]).toEqual([[], [1, 1]]);
    pacing.isOpen = true;
    server.resume();
    expect([worker.begun, pacing.asked]).toEqual([
      [1, 2],
      [1, 1, 1, 2],
    ]);
  });

  it("lets the event loop turn after a call that was not swift, before any other begins (C3)", async () => {
    const { worker, replies, pacing, send, server } = create();
    pacing.isSwift = false;
    for (const id of [1, 2, 3]) send(id, NOW);
    expect([worker.begun, pacing.ended]).toEqual([[1], [NOW]]);
    server.cancel(2, "in time");
    await turn();
    expect(worker.begun).toEqual([1, 3]);
    expect(replies.of(2)).toEqual([["failed", "in time"]]);
  });
});

describe("a stream", () => {
  it("sends its items, as far ahead as was agreed, and ends once it is closed", async () => {
    const { replies, send, server } = create();
    send(1, STREAM, { readAhead: 2 });
    send(2, NOW);
    await turn();
    server.pull(1, 1);
    await turn();
    expect(replies.others).toEqual(["1.0", "1.1", "1.2"].map((text) => ["items", 1, text]));
    expect([replies.of(1), replies.of(2)]).toEqual([[], []]);
    server.close(1);
    server.close(1);
    await server.idle();
    expect([replies.of(1), replies.of(2)]).toEqual([[["done", undefined]], [["done", undefined]]]);
  });

  it("fails when the method returns nothing to iterate", async () => {
    const { replies, send, server } = create();
    send(1, NOW, { readAhead: 2 });
    await server.idle();
    expect(replies.of(1)).toEqual([["failed", expect.any(SerializationError)]]);
  });
});

describe.each([true, false])("call() in a worker that is alone: %s", (isAlone) => {
  it("tells of the call that runs, and reports and logs for it", async () => {
    const { worker, replies, send, server } = create(1, isAlone);
    worker.inner = async () => {
      const seen = [call().id, call().attempt, call().deadline];
      await Promise.resolve();
      call().progress(1, 3);
      call().log("a", 2);
      return [...seen, call().id];
    };
    send(7, NOW, { attempt: 2, deadline: 5 });
    send(8, NOW);
    await server.idle();
    expect(replies.of(7)).toEqual([["done", ["pool:7", 2, 5, "pool:7"]]]);
    expect(replies.of(8)).toEqual([["done", ["pool:8", 1, undefined, "pool:8"]]]);
    expect(replies.others.slice(0, 2)).toEqual([
      ["progress", 7, 1, 3],
      ["log", 7, "a", 2],
    ]);
    expect(() => call()).toThrow(TypeError);
  });
});

describe("the end of a worker", () => {
  it("is awaited by all who ask, until nothing runs or waits", async () => {
    const { worker, send, server } = create();
    await server.idle();
    for (const id of [1, 2]) send(id, WAIT);
    let told = 0;
    const both = Promise.all([1, 2].map(() => server.idle().then(() => (told += 1))));
    worker.gates.get(1)!.resolve();
    await turn();
    expect(told).toBe(0);
    worker.gates.get(2)!.resolve();
    await turn();
    expect(told).toBe(2);
    await both;
  });

  it.each([Symbol.asyncDispose, Symbol.dispose])("runs its %s", async (symbol) => {
    const { worker, server } = create();
    await server.dispose();
    let disposed = 0;
    Object.defineProperty(worker, symbol, { value: () => void (disposed += 1) });
    await server.dispose();
    expect(disposed).toBe(1);
  });
});
