import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Future, wait, type Waited } from "manyhands";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { KINDS, openFuture } from "./open-futures.js";

const error = new Error("no luck");

afterEach(() => {
  vi.useRealTimers();
});

function inOrder<T>({ done, pending }: Waited<T>): [done: T[], pending: T[]] {
  return [[...done], [...pending]];
}

describe.each(KINDS)("wait for %s", (_kind, open) => {
  it("waits for all, and does not reject for those that failed", async () => {
    const [one, two] = [open<number>(), open<number>()];
    const waiting = wait([one.item, two.item]);
    two.reject(error);
    one.resolve(1);
    expect(inOrder(await waiting)).toEqual([[one.item, two.item], []]);
    await expect(two.item).rejects.toBe(error);
  });

  it("returns with the first that has settled, and with all others that have", async () => {
    const [one, two, three, four] = [open<number>(), open<number>(), open<number>(), open<number>()];
    const items = [one.item, two.item, three.item, four.item];
    const waiting = wait(items, { returnWhen: "first-completed" });
    three.reject(error);
    two.resolve(2);
    expect(inOrder(await waiting)).toEqual([
      [two.item, three.item],
      [one.item, four.item],
    ]);
    await expect(three.item).rejects.toBe(error);
    const again = await wait(items, { returnWhen: "first-completed" });
    expect(inOrder(again)).toEqual([
      [two.item, three.item],
      [one.item, four.item],
    ]);
  });

  it("returns with the first failure, or with all", async () => {
    const [one, two, three] = [open<number>(), open<number>(), open<number>()];
    const items = [one.item, two.item, three.item];
    const first = wait(items, { returnWhen: "first-exception" });
    one.resolve(1);
    await Promise.resolve();
    three.reject(error);
    expect(inOrder(await first)).toEqual([[one.item, three.item], [two.item]]);
    const all = wait([one.item, two.item], { returnWhen: "first-exception" });
    two.resolve(2);
    expect(inOrder(await all)).toEqual([[one.item, two.item], []]);
    await expect(three.item).rejects.toBe(error);
  });

  it("returns when the time is over; they go on", async () => {
    vi.useFakeTimers();
    const [one, two] = [open<number>(), open<number>()];
    const waiting = wait([one.item, two.item], { timeout: 50 });
    one.resolve(1);
    await vi.advanceTimersByTimeAsync(50);
    expect(inOrder(await waiting)).toEqual([[one.item], [two.item]]);
    expect(two.reasons).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
    two.resolve(2);
    expect(inOrder(await wait([one.item, two.item], { timeout: 50 }))).toEqual([[one.item, two.item], []]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("wait", () => {
  it("knows at once what has settled, though the time is 0", async () => {
    const { item } = openFuture<number>();
    const settled = Promise.resolve(1);
    expect(inOrder<unknown>(await wait([settled, item, 7], { timeout: 0 }))).toEqual([[settled, 7], [item]]);
    expect(inOrder(await wait([]))).toEqual([[], []]);
    expect(inOrder(await wait(new Set([settled])))).toEqual([[settled], []]);
  });

  it("rejects with the reason of the signal", async () => {
    const { item } = openFuture<number>();
    const controller = new AbortController();
    const waiting = wait([item], { signal: controller.signal, timeout: 10_000 });
    controller.abort(error);
    await expect(waiting).rejects.toBe(error);
    await expect(wait([1], { signal: controller.signal })).rejects.toBe(error);
  });

  it.each([
    [() => wait(7 as never), "current value is 7"],
    [() => wait([1], Promise.resolve() as never), "given one by one"],
    [() => wait([1], { returnWhen: "first-complete" as never }), "did you mean 'first-completed'?"],
    [() => wait([1], { timeout: Number.POSITIVE_INFINITY }), "current value is Infinity"],
    [() => wait([1], { when: 1 } as never), "no such option"],
  ])("refuses what makes no sense: %s", async (misuse, message) => {
    await expect(misuse()).rejects.toThrow(message);
  });

  it("does not look at the errors of futures: those that nobody asks for are told", async () => {
    const program = `
      import { wait } from "manyhands";
      import { Future, settle } from ${JSON.stringify(new URL("../../dist/future/future.js", import.meta.url).href)};
      const futures = ["a:1", "a:2"].map((id) => new Future({ id, label: "Hasher.hash" }));
      setImmediate(() => futures.forEach((future) => settle(future, "failed", new Error("no luck " + future.id))));
      await wait(futures);
      await futures[1].exception();`;
    const args = ["--input-type=module", "--eval", program];
    const { stderr } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
    expect(stderr).toContain("Nobody looked at the error of Hasher.hash (a:1): Error: no luck a:1");
    expect(stderr.match(/Nobody looked/g)).toHaveLength(1);
  });

  it("keeps types", () => {
    const { item }: { item: Future<string> } = openFuture<string>();
    expectTypeOf(wait([item])).resolves.toEqualTypeOf<Waited<Future<string>>>();
  });
});
