import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { Channel } from "../../../dist/wire/channel.js";
import { PortChannel } from "../../../dist/wire/port-channel.js";
import { RingChannel } from "../../../dist/wire/ring/ring-channel.js";
import { allocateRings, openRings, RING_BYTES } from "../../../dist/wire/ring/ring-memory.js";

const NOTHING: readonly object[] = [];
const opened: Channel[] = [];

afterEach(() => {
  for (const channel of opened.splice(0)) channel.close();
});

/** Both ends in one thread: what arrives is collected. */
function open(kind: "rings" | "port"): { near: Channel; far: Channel; arrived: unknown[] } {
  const { port1, port2 } = new MessageChannel();
  const memory = allocateRings();
  const [near, far] =
    kind === "rings"
      ? [new RingChannel(port1, memory, "caller"), new RingChannel(port2, memory, "host")]
      : [new PortChannel(port1), new PortChannel(port2)];
  opened.push(near, far);
  const arrived: unknown[] = [];
  far.onMessage = (values) => arrived.push(...values);
  return { near, far, arrived };
}

function send(channel: Channel, entry: unknown[], transfer = NOTHING): void {
  channel.put(entry, transfer);
  channel.flush();
}

/** Both ends of rings, and how many messages the near one has posted. */
function openCounted(): { near: RingChannel; far: RingChannel; arrived: unknown[]; posts: () => number } {
  const { port1, port2 } = new MessageChannel();
  let posts = 0;
  const counting = new Proxy(port1, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (key === "postMessage") posts += 1;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const memory = allocateRings();
  const near = new RingChannel(counting, memory, "caller");
  const far = new RingChannel(port2, memory, "host");
  opened.push(near, far);
  const arrived: unknown[] = [];
  far.onMessage = (values) => arrived.push(...values);
  return { near, far, arrived, posts: () => posts };
}

/** Looks for what has arrived, without being woken. */
function look(channel: RingChannel): void {
  channel.attend();
  channel.poll();
  channel.rest();
}

describe.each(["rings", "port"] as const)("a channel by %s", (kind) => {
  it("delivers entries in order, each as it was when it was put", async () => {
    const { near, arrived } = open(kind);
    const object = { value: 1 };
    near.put([1, object], NOTHING);
    object.value = 2;
    near.put([2, object], NOTHING);
    object.value = 3;
    near.put([3, new Error("kept by the port"), "x".repeat(100_000)], NOTHING);
    near.put([4], NOTHING);
    near.flush();
    await expect.poll(() => arrived.length).toBe(8);
    expect(arrived).toEqual([
      1,
      { value: 1 },
      2,
      { value: 2 },
      3,
      new Error("kept by the port"),
      "x".repeat(100_000),
      4,
    ]);
  });

  it("keeps what one entry shares within itself, and shares nothing between entries", async () => {
    const { near, arrived } = open(kind);
    const shared = { value: 1 };
    near.put([shared, shared], NOTHING);
    near.put([shared], NOTHING);
    near.flush();
    await expect.poll(() => arrived.length).toBe(3);
    expect(arrived[0]).toBe(arrived[1]);
    expect(arrived[2]).not.toBe(arrived[0]);
    expect(arrived[2]).toEqual(shared);
  });

  it("throws for an entry that cannot be sent, and leaves no trace of it", async () => {
    const { near, arrived } = open(kind);
    near.put([1], NOTHING);
    expect(() => near.put([2, () => {}], NOTHING)).toThrow(/could not be cloned/);
    expect(() => near.put([{ deep: [Symbol("3")] }], NOTHING)).toThrow(/could not be cloned/);
    near.put([4], NOTHING);
    near.flush();
    await expect.poll(() => arrived).toEqual([1, 4]);
  });

  it("hands over what is listed, in its place", async () => {
    const { near, arrived } = open(kind);
    const bytes = new Uint8Array([7]);
    near.put(["before"], NOTHING);
    send(near, [bytes], [bytes.buffer]);
    send(near, ["behind"]);
    await expect.poll(() => arrived).toEqual(["before", new Uint8Array([7]), "behind"]);
    expect(bytes.byteLength).toBe(0);
  });

  it("hands over, at once, what has arrived and was not delivered", () => {
    const { near, far, arrived } = open(kind);
    send(near, [1]);
    send(near, [new Map([[1, 2]]), new Error("by port")]);
    send(near, [3]);
    far.deliverPending();
    expect(arrived).toEqual([1, new Map([[1, 2]]), new Error("by port"), 3]);
  });
});

describe("RingChannel", () => {
  it("delivers any entries in order, however they are mixed and whenever the other side reads", async () => {
    const size = fc.oneof(fc.nat(40), fc.nat(3000), fc.nat(70_000), fc.constant(65_500));
    const step = fc.oneof(
      { weight: 6, arbitrary: size.map((bytes) => ({ put: bytes })) },
      { weight: 1, arbitrary: fc.nat(9).map((error) => ({ error })) },
      { weight: 2, arbitrary: fc.constant({ flush: true }) },
      { weight: 1, arbitrary: fc.constant({ read: true }) },
      { weight: 1, arbitrary: fc.constant({ wait: true }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
        const { near, far, arrived } = open("rings");
        const expected: unknown[] = [];
        for (const [index, one] of steps.entries()) {
          if ("put" in one) {
            const entry = [index, "x".repeat(one.put)];
            near.put(entry, NOTHING);
            expected.push(...entry);
          } else if ("error" in one) {
            near.put([index, new Error(String(one.error))], NOTHING);
            expected.push(index, new Error(String(one.error)));
          } else if ("flush" in one) near.flush();
          else if ("read" in one) look(far as RingChannel);
          else await new Promise((resolve) => setImmediate(resolve));
        }
        near.flush();
        await expect.poll(() => arrived.length).toBe(expected.length);
        expect(arrived).toEqual(expected);
        expect(near.isCongested).toBe(false);
        near.close();
        far.close();
      }),
      { numRuns: 60 },
    );
  });

  it("is congested while the other side does not read, and says when it is no more", async () => {
    const { near, far, arrived } = open("rings");
    const big = "x".repeat(60_000);
    const count = Math.ceil(RING_BYTES / big.length) + 3;
    for (let index = 0; index < count; index += 1) send(near, [index, big]);
    expect(near.isCongested).toBe(true);
    let isDrained = false;
    near.onceDrained(() => (isDrained = true));
    await expect.poll(() => isDrained).toBe(true);
    await expect.poll(() => arrived.length).toBe(2 * count);
    expect(arrived.filter((value) => typeof value === "number")).toEqual([...Array.from({ length: count }).keys()]);
    expect(near.isCongested).toBe(false);
    far.close();
  });

  it("wakes the other side once, however much is sent before it looks", async () => {
    const { near, far, arrived, posts } = openCounted();
    for (let index = 0; index < 10; index += 1) send(near, [index]);
    expect(posts()).toBe(1);
    await expect.poll(() => arrived.length).toBe(10);
    send(near, ["again"]);
    expect(posts()).toBe(2);
    await expect.poll(() => arrived.length).toBe(11);
    far.attend();
    send(near, ["seen without being woken"]);
    expect(posts()).toBe(2);
    expect(far.poll()).toBe(true);
    expect(far.poll()).toBe(false);
    far.rest();
    send(near, ["woken"]);
    expect(posts()).toBe(3);
    await expect.poll(() => arrived.length).toBe(13);
  });

  it("need not be woken before a turn of its own, in which it looks first", async () => {
    const { near, far, arrived, posts } = openCounted();
    const seen: unknown[][] = [];
    const look = (): number => seen.push([...arrived]);
    far.nextTurn(() => {
      look();
      far.nextTurn(look);
      send(near, [2]);
    });
    far.nextTurn(look);
    send(near, [1]);
    await expect.poll(() => seen).toEqual([[1], [1], [1, 2]]);
    expect(posts()).toBe(0);
    send(near, [3]);
    expect(posts()).toBe(1);
    await expect.poll(() => arrived).toEqual([1, 2, 3]);
  });

  it("wakes the other side once for an entry that goes by the port, and what comes with it", async () => {
    const { near, far, arrived, posts } = openCounted();
    send(near, [new Error("by port")]);
    expect(posts()).toBe(1);
    send(near, ["at its side"]);
    expect(posts()).toBe(1);
    await expect.poll(() => arrived.length).toBe(2);
    send(near, ["behind"]);
    expect(posts()).toBe(2);
    await expect.poll(() => arrived.length).toBe(3);
    // Entries before its place, which is not readable yet, have been waiting for nobody: they are found when it wakes.
    near.put(["before"], NOTHING);
    near.put([new Error("by port too")], NOTHING);
    expect(posts()).toBe(3);
    near.flush();
    near.put(["after"], NOTHING);
    near.flush();
    expect(posts()).toBe(3);
    await expect.poll(() => arrived.length).toBe(6);
    expect(arrived.slice(3)).toEqual(["before", new Error("by port too"), "after"]);
    far.close();
  });

  it("wakes who was woken by an entry and could not read its place yet", async () => {
    const { near, arrived, posts } = openCounted();
    near.put([new Error("by port")], NOTHING);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(arrived).toEqual([]);
    near.flush();
    expect(posts()).toBe(2);
    await expect.poll(() => arrived.length).toBe(1);
  });

  it("wakes the other side for others, where an entry was refused that was to wake it", async () => {
    const { near, arrived } = openCounted();
    const getter = {
      get value(): unknown {
        // Published while the entry is on its way that wakes the other side, which then is none.
        send(near, ["in between"]);
        return () => {};
      },
    };
    expect(() => near.put([new Error("by port"), getter], NOTHING)).toThrow(/could not be cloned/);
    await expect.poll(() => arrived).toEqual(["in between"]);
  });

  it("stays in the memory that it used before, where little is under way", () => {
    const { port1, port2 } = new MessageChannel();
    const memory = allocateRings();
    const near = new RingChannel(port1, memory, "caller");
    const far = new RingChannel(port2, memory, "host");
    opened.push(near, far);
    let count = 0;
    far.onMessage = (values) => (count += values.length);
    for (let index = 0; index < 10_000; index += 1) {
      send(near, [index, "x".repeat(100)]);
      far.poll();
    }
    expect(count).toBe(20_000);
    const { bytes } = openRings(memory, "host").incoming;
    expect(bytes.subarray(0, RING_BYTES / 8).some((byte) => byte !== 0)).toBe(true);
    expect(bytes.subarray(RING_BYTES / 2).some((byte) => byte !== 0)).toBe(false);
  });
});
