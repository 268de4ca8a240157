import fc from "fast-check";
import { CancelledError, Future, Stream } from "manyhands";
import { describe, expect, it } from "vitest";
import { type FutureSource, settle } from "../../dist/future/future.js";
import { DEFAULT_READ_AHEAD, type StreamSink, type StreamSource } from "../../dist/future/stream.js";

/** The call behind a stream, played by the test. */
class FakeCall implements FutureSource, StreamSource {
  readonly id = "pool:1";
  readonly label = "Lines.read";
  readonly isRunning = true;
  readonly worker = undefined;
  readonly attempts = 1;
  readonly timings = { submittedAt: 0, waited: undefined, ran: undefined };
  readonly progress = undefined;
  readonly future = new Future<unknown>(this);
  readonly pulls: number[] = [];
  closes = 0;

  pull(count: number): void {
    this.pulls.push(count);
  }

  close(): void {
    this.closes += 1;
  }

  cancel(reason: unknown): void {
    settle(this.future, "cancelled", reason ?? new CancelledError("cancelled"));
  }

  onProgress(): void {}

  end(): void {
    settle(this.future, "done", undefined);
  }

  fail(error: unknown): void {
    settle(this.future, "failed", error);
  }
}

function create(readAhead?: number): {
  stream: Stream<number>;
  call: FakeCall;
  opened: StreamSink[];
  push: (...items: number[]) => void;
} {
  const call = new FakeCall();
  const opened: StreamSink[] = [];
  const open = (sink: StreamSink): StreamSource => {
    opened.push(sink);
    return call;
  };
  const stream = new Stream<number>(open, readAhead);
  return { stream, call, opened, push: (...items) => opened[0]!.push(items) };
}

/** Whether a promise is settled by what has happened so far. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => void (settled = true);
  promise.then(note, note);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

const error = new Error("no luck");
const END = { value: undefined, done: true };
const item = (value: number): IteratorResult<number> => ({ value, done: false });

describe("Stream", () => {
  it("opens the call with the first `next()`, once", async () => {
    const { stream, call, opened, push } = create(5);
    expect([opened.length, stream.future]).toEqual([0, undefined]);
    const first = stream.next();
    const second = stream.next();
    expect(opened.map(({ readAhead }) => readAhead)).toEqual([5]);
    expect(stream.future).toBe(call.future);
    push(1, 2);
    expect(await Promise.all([first, second])).toEqual([item(1), item(2)]);
    expect(opened).toHaveLength(1);
  });

  it("reads 16 items ahead unless told", () => {
    const { stream, opened } = create();
    void stream.next();
    expect([opened[0]!.readAhead, DEFAULT_READ_AHEAD]).toEqual([16, 16]);
  });

  it("is its own iterator", () => {
    const { stream } = create();
    expect(stream[Symbol.asyncIterator]()).toBe(stream);
  });

  it("gives items in order, then the end, for ever (S1)", async () => {
    const { stream, call, push } = create();
    const first = stream.next();
    push(1, 2);
    push(3);
    call.end();
    expect(await first).toEqual(item(1));
    const rest = [await stream.next(), await stream.next(), await stream.next(), await stream.next()];
    expect(rest).toEqual([item(2), item(3), END, END]);
  });

  it("gives items that are undefined or null", async () => {
    const { stream, call, opened } = create();
    const first = stream.next();
    opened[0]!.push([undefined, null]);
    call.end();
    expect([await first, await stream.next(), await stream.next()]).toEqual([
      { value: undefined, done: false },
      { value: null, done: false },
      END,
    ]);
  });

  it("throws the error after all items, once (S1)", async () => {
    const { stream, call, push } = create();
    const first = stream.next();
    push(1, 2);
    call.fail(error);
    expect([await first, await stream.next()]).toEqual([item(1), item(2)]);
    await expect(stream.next()).rejects.toBe(error);
    expect(await stream.next()).toEqual(END);
  });

  it("throws the error in the first of the consumers that wait, and ends the others", async () => {
    const { stream, call } = create();
    const waiting = [stream.next(), stream.next(), stream.next()];
    call.fail(error);
    expect(await Promise.allSettled(waiting)).toEqual([
      { status: "rejected", reason: error },
      { status: "fulfilled", value: END },
      { status: "fulfilled", value: END },
    ]);
    expect(await stream.next()).toEqual(END);
  });

  it("ends all consumers that wait when the call is done", async () => {
    const { stream, call } = create();
    const waiting = [stream.next(), stream.next()];
    call.end();
    expect(await Promise.all(waiting)).toEqual([END, END]);
  });

  it("runs in a `for await`", async () => {
    const { stream, call, opened } = create();
    const reading = (async () => {
      const seen: number[] = [];
      for await (const value of stream) seen.push(value);
      return seen;
    })();
    for (const values of [[1], [2, 3], [4]]) {
      opened[0]!.push(values);
      await Promise.resolve();
    }
    call.end();
    expect(await reading).toEqual([1, 2, 3, 4]);
    expect(call.closes).toBe(0);
  });

  it("keeps order and `readAhead` in any interleaving, and never lets the worker run dry (S1, S2)", async () => {
    const schedule = fc.array(fc.constantFrom("produce" as const, "take" as const), { maxLength: 200, size: "max" });
    await fc.assert(
      fc.asyncProperty(schedule, fc.integer({ min: 1, max: 20 }), fc.boolean(), async (steps, readAhead, isFailing) => {
        const { stream, call, push } = create(readAhead);
        const results: Promise<IteratorResult<number>>[] = [stream.next()];
        let produced = 0;
        const credit = (): number => readAhead + call.pulls.reduce((sum, count) => sum + count, 0) - produced;
        for (const step of steps) {
          if (step === "take") results.push(stream.next());
          else if (credit() > 0) push(produced++);
          // An item that no `next()` asked for is unread; with what may still come it never exceeds the window.
          const unread = Math.max(0, produced - results.length);
          expect(unread + credit()).toBeLessThanOrEqual(readAhead);
          // Whoever waits for an item has left the worker the right to send one.
          if (results.length > produced) expect(credit()).toBeGreaterThan(0);
        }
        while (results.length <= produced) results.push(stream.next());
        if (isFailing) call.fail(error);
        else call.end();
        const outcomes = await Promise.allSettled(results);
        const items = outcomes
          .slice(0, produced)
          .map((outcome) => (outcome.status === "fulfilled" ? outcome.value : outcome));
        expect(items).toEqual(Array.from({ length: produced }, (_, value) => item(value)));
        const [end, ...others] = outcomes.slice(produced);
        expect(end).toEqual(isFailing ? { status: "rejected", reason: error } : { status: "fulfilled", value: END });
        for (const other of others) expect(other).toEqual({ status: "fulfilled", value: END });
      }),
      { numRuns: 100 },
    );
  });

  it("asks for more half a window at a time, and for nothing once the call is over", async () => {
    const { stream, call, push } = create(4);
    const first = stream.next();
    push(1, 2, 3, 4);
    await first;
    expect(call.pulls).toEqual([]);
    await stream.next();
    expect(call.pulls).toEqual([2]);
    call.end();
    await stream.next();
    await stream.next();
    expect(call.pulls).toEqual([2]);
  });
});

describe("return", () => {
  it("runs nothing when nothing was asked for, and ends the stream", async () => {
    const { stream, opened } = create();
    expect(await stream.return()).toEqual(END);
    expect(await stream.next()).toEqual(END);
    expect(opened).toEqual([]);
  });

  it("settles when the method's `finally` has run (S3), and drops what was not read", async () => {
    const { stream, call, push } = create();
    const first = stream.next();
    push(1, 2, 3);
    await first;
    const returning = stream.return();
    expect(call.closes).toBe(1);
    expect(await isSettled(returning)).toBe(false);
    push(4);
    expect(await stream.next()).toEqual(END);
    expect(await isSettled(returning)).toBe(false);
    call.end();
    expect(await returning).toEqual(END);
    expect(await stream.next()).toEqual(END);
    expect(call.closes).toBe(1);
  });

  it("settles no sooner when it is called again meanwhile (S3)", async () => {
    const { stream, call } = create();
    void stream.next();
    const returning = [stream.return(), stream.return(), stream[Symbol.asyncDispose]()];
    expect(await Promise.all(returning.map(isSettled))).toEqual([false, false, false]);
    call.end();
    expect(await Promise.all(returning)).toEqual([END, END, undefined]);
    expect(call.closes).toBe(1);
  });

  it("ends the consumers that wait", async () => {
    const { stream, call } = create();
    const waiting = [stream.next(), stream.next()];
    const returning = stream.return();
    expect(await Promise.all(waiting)).toEqual([END, END]);
    call.end();
    await returning;
  });

  it("throws what the method's `finally` throws", async () => {
    const { stream, call } = create();
    void stream.next();
    const returning = stream.return();
    call.fail(error);
    await expect(returning).rejects.toBe(error);
    expect(await stream.next()).toEqual(END);
  });

  it("does not close a call that is over", async () => {
    const { stream, call, push } = create();
    const first = stream.next();
    push(1, 2);
    call.end();
    await first;
    expect(await stream.return()).toEqual(END);
    expect(call.closes).toBe(0);
  });

  it("is what leaving a `for await` early, and `await using`, do", async () => {
    for (const leave of ["break", "dispose"] as const) {
      const { stream, call, opened } = create();
      const reading = (async () => {
        if (leave === "break") {
          for await (const value of stream) if (value === 2) break;
          return;
        }
        await using disposed = stream;
        await disposed.next();
        await disposed.next();
      })();
      opened[0]!.push([1, 2, 3]);
      expect(await isSettled(reading)).toBe(false);
      expect(call.closes).toBe(1);
      call.end();
      await reading;
      expect(await stream.next()).toEqual(END);
    }
  });
});

describe("cancel", () => {
  it("makes the stream throw the reason, after the items that came", async () => {
    const { stream, push } = create();
    const first = stream.next();
    push(1, 2);
    await first;
    stream.cancel("enough");
    expect(await stream.next()).toEqual(item(2));
    await expect(stream.next()).rejects.toBe("enough");
    expect(await stream.next()).toEqual(END);
  });

  it("rejects the consumer that waits, with a CancelledError when there is no reason", async () => {
    const { stream } = create();
    const first = stream.next();
    stream.cancel();
    await expect(first).rejects.toBeInstanceOf(CancelledError);
  });

  it("makes a stream throw that was not read yet", async () => {
    const { stream } = create();
    stream.cancel("enough");
    await expect(stream.next()).rejects.toBe("enough");
  });

  it("starts no call for a stream that was returned", async () => {
    const { stream, opened } = create();
    await stream.return();
    stream.cancel("enough");
    expect(opened).toEqual([]);
    expect(await stream.next()).toEqual(END);
  });
});
