import { SerializationError } from "manyhands";
import { describe, expect, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { MODES, REMOTE_MODES } from "./modes.js";
import { sharedPool } from "./shared-pool.js";

const circular: { name: string; self?: unknown } = { name: "round" };
circular.self = circular;

const twice = { n: 1 };

const VALUES: readonly [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["-0", -0],
  ["NaN", Number.NaN],
  ["a bigint", 2n ** 100n],
  ["a string", "grüße 👋\u0000"],
  ["a date", new Date(1e12)],
  ["a regular expression", /a+b/gi],
  [
    "a map",
    new Map<unknown, unknown>([
      ["a", new Map([[1, undefined]])],
      [{ k: 1 }, new Set([1])],
    ]),
  ],
  ["a set", new Set([1, "a", undefined, null])],
  ["a sparse array", [1, , 3]], // oxlint-disable-line no-sparse-arrays -- holes are values too
  ["undefined in an object", { a: undefined, b: [undefined] }],
  ["an object without prototype", Object.assign(Object.create(null) as object, { a: 1 })],
  ["typed arrays", [new Float64Array([1.5, -0]), new BigInt64Array([-1n]), new Uint8ClampedArray([300])]],
  ["a data view", new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
  ["an array buffer", new Uint8Array([1, 2, 3]).buffer],
  ["shared references", [twice, twice]],
  ["a cycle", circular],
  ["a boxed string", new String("boxed")], // oxlint-disable-line no-new-wrappers -- structured clone carries it
];

describe.each(MODES)("values in mode %s", (mode) => {
  const shared = sharedPool(() => CounterWorker.options({ mode, maxWorkers: 1 }).init());

  it.each(VALUES)("carries %s there and back", async (_name, value) => {
    const pool = shared();
    const back = await pool.echo(value);
    expect(back).toEqual(value);
    expect(Object.prototype.toString.call(back)).toBe(Object.prototype.toString.call(value));
  });

  it("keeps identity within a call", async () => {
    const pool = shared();
    const back = (await pool.echo([twice, twice, circular])) as [object, object, typeof circular];
    expect(back[0]).toBe(back[1]);
    expect(back[2].self).toBe(back[2]);
  });

  it("hands over the buffers listed, and those a method returns with transfer()", async () => {
    const pool = shared();
    const bytes = new Uint8Array(1024).fill(7);
    const back = (await pool.with({ transfer: [bytes] }).echo(bytes)) as Uint8Array;
    expect(back).toHaveLength(1024);
    expect(back[1023]).toBe(7);
    expect(bytes.byteLength).toBe(mode === "thread" ? 0 : 1024);
    const filled = await pool.fill(100_000, 9);
    expect(Buffer.from(filled).equals(Buffer.alloc(100_000, 9))).toBe(true);
  });
});

describe.each(REMOTE_MODES)("calls made together in mode %s", (mode) => {
  const shared = sharedPool(() => CounterWorker.options({ mode, maxWorkers: 1 }).init());

  it("have each a copy of what they share", async () => {
    const pool = shared();
    const box = { n: 0 };
    expect(await Promise.all([pool.bump(box), pool.bump(box), pool.bump(box)])).toEqual([1, 1, 1]);
    const bytes = new Uint8Array([5, 6, 7, 8]);
    const views = [bytes, bytes.subarray(0, 2), new Uint8Array(bytes.buffer, 0, 1)];
    expect(await Promise.all(views.map((view) => pool.overwrite(view, 9)))).toEqual([5, 5, 5]);
    const port = pool.with({ transfer: [bytes] });
    expect(await Promise.all([pool.overwrite(bytes, 1), port.overwrite(bytes, 2)])).toEqual([5, 5]);
  });

  it("return each a copy of what the worker keeps", async () => {
    const pool = shared();
    await Promise.all(Array.from({ length: 20 }, () => pool.settings()));
    const results = await Promise.all(Array.from({ length: 50 }, () => pool.settings()));
    expect(new Set(results).size).toBe(50);
  });
});

describe.each(REMOTE_MODES)("what cannot be sent in mode %s", (mode) => {
  const shared = sharedPool(() => CounterWorker.options({ mode, maxWorkers: 1 }).init());

  it("fails that call alone and names the path", async () => {
    const pool = shared();
    const good = [pool.add(1, 1), pool.add(2, 2)];
    const bad = pool.echo({ handlers: { onDone: () => undefined } });
    const late = [pool.add(3, 3), pool.echo([1, { deep: new Map([["key", Symbol("no")]]) }])] as const;
    await expect(bad).rejects.toBeInstanceOf(SerializationError);
    await expect(bad).rejects.toMatchObject({ code: "MH_SERIALIZATION", path: "args[0].handlers.onDone" });
    await expect(late[1]).rejects.toMatchObject({ path: 'args[0][1].deep.get("key")' });
    expect(await Promise.all([...good, late[0]])).toEqual([2, 4, 6]);
  });

  it("names the promise and the argument", async () => {
    const pool = shared();
    const error = await pool.describe("a", Promise.resolve("b") as unknown as string, "c").exception();
    expect(error).toMatchObject({ path: "args[1]" });
    expect((error as Error).message).toContain("await it first");
  });

  it("fails a call whose result cannot be sent, and no other", async () => {
    const pool = shared();
    const [before, bad, after] = [pool.add(1, 1), pool.unsendable(), pool.add(2, 2)];
    await expect(bad).rejects.toMatchObject({
      name: "SerializationError",
      message: expect.stringMatching(/^Cannot return the result of 'unsendable' as result\.handlers\.onDone is /),
      path: "result.handlers.onDone",
    });
    expect([await before, await after]).toEqual([2, 4]);
  });

  it("fails that call alone when looking at it throws", async () => {
    const pool = shared();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    class Hostile {
      readonly data = (): number => 1;
      get then(): never {
        throw new RangeError("Do not look");
      }
    }
    const nameless = Object.defineProperty(() => 1, "name", { value: Symbol("name") });
    const futures = [proxy, [proxy], new Hostile(), { nameless }].map((value) => pool.echo(value));
    for (const future of futures) expect(await future.exception()).toBeInstanceOf(Error);
    const error = await pool.hostile().exception();
    expect(error).toBeInstanceOf(SerializationError);
    const stuck = pool.sleep(100_000);
    stuck.cancel(proxy);
    expect(await pool.add(1, 1)).toBe(2);
    expect(pool.stats().calls.queued).toBe(0);
    await Promise.allSettled([stuck]);
  });

  it("refuses arguments too deep to be read, and survives such results", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    await pool.ready();
    let deep: object = {};
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    const [before, bad, after] = [pool.add(1, 1), pool.echo(deep), pool.add(2, 2)];
    await expect(bad).rejects.toThrow(/nested more than 1000 levels deep/);
    expect([await before, await after]).toEqual([2, 4]);
    // Where the stack ends first differs: in the worker as it sends, or here as it is read.
    const error = await pool.deep(5000).exception();
    expect(error).toMatchObject({ code: expect.stringMatching(/^MH_(SERIALIZATION|WORKER_CRASHED)$/) });
    expect((error as Error).message.length).toBeLessThan(1000);
    expect(await pool.add(3, 3)).toBe(6);
  });

  it("copies of a large buffer only the parts that calls look at", async () => {
    const pool = shared();
    const bytes = new Uint8Array(500_000);
    const parts = Array.from({ length: 200 }, (_, index) => bytes.subarray(index * 10, index * 10 + 10).fill(index));
    const results = await Promise.all(parts.map((part) => pool.overwrite(part, 255)));
    expect(results).toEqual(parts.map((_, index) => index));
    expect(bytes[0]).toBe(0);
  });

  it("names a getter that throws", async () => {
    const pool = shared();
    const hostile = {
      inner: {
        get field(): never {
          throw new RangeError("No entry");
        },
      },
    };
    await expect(pool.echo(hostile)).rejects.toMatchObject({ path: "args[0].inner" });
  });

  it("refuses constructor arguments at once", () => {
    const init = (): unknown => CounterWorker.options({ mode }).init(1, "a", { step: (() => 1) as unknown as number });
    expect(init).toThrow(SerializationError);
    expect(init).toThrow(/args\[2\]\.step/);
  });
});

describe("shared memory", () => {
  it("is shared with threads", async () => {
    await using pool = CounterWorker.options({ mode: "thread", maxWorkers: 1 }).init();
    const memory = new SharedArrayBuffer(4);
    await pool.store(memory, 42);
    expect(new Int32Array(memory)[0]).toBe(42);
  });

  it("cannot be sent to a process", async () => {
    await using pool = CounterWorker.options({ mode: "process", maxWorkers: 1 }).init();
    await expect(pool.store(new SharedArrayBuffer(4), 1)).rejects.toMatchObject({ path: "args[0]" });
  });
});
