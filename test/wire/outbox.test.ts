import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Channel } from "../../dist/wire/channel.js";
import { Outbox } from "../../dist/wire/outbox.js";

/** Keeps what left it together. */
class Recorder implements Channel {
  onUnreadable: (error: unknown) => void = () => undefined;
  readonly messages: unknown[][] = [];
  readonly transferred: (readonly object[])[] = [];
  #put: unknown[] = [];
  readonly isCongested = false;
  onMessage = (): void => {};
  onClose = (): void => {};

  put(entry: readonly unknown[], transfer: readonly object[]): void {
    if (entry.includes(bad)) throw new Error("bad");
    this.#put.push(...entry);
    this.transferred.push(transfer);
  }
  flush(): void {
    this.messages.push(this.#put);
    this.#put = [];
  }
  onceDrained(fn: () => void): void {
    fn();
  }
  deliverPending(): void {}
  ref(): void {}
  unref(): void {}
  close(): void {}
}

function setUp(): { outbox: Outbox; channel: Recorder } {
  const channel = new Recorder();
  return { outbox: new Outbox(channel), channel };
}

/** The next turn of the event loop: what was scheduled in this one has run. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

const afterTicks = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
const bad = (): void => {};

describe("Outbox", () => {
  it("sends the entries of one turn together, in order", async () => {
    const { outbox, channel } = setUp();
    await turn();
    outbox.add([1, "a"]);
    outbox.add([2, "b", "c"]);
    outbox.add([3]);
    expect(channel.messages).toEqual([]);
    await turn();
    expect(channel.messages).toEqual([[1, "a", 2, "b", "c", 3]]);
  });

  it("sends the entries made by many continuations of one turn together", async () => {
    const { outbox, channel } = setUp();
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const add = async (value: number): Promise<void> => {
      await gate;
      outbox.add([value]);
      await Promise.resolve();
      outbox.add([-value]);
    };
    const adding = Promise.all([1, 2, 3].map(add));
    setImmediate(release);
    await adding;
    await turn();
    expect(channel.messages).toEqual([[1, 2, 3, -1, -2, -3]]);
  });

  it("sends the entries of another turn by themselves", async () => {
    const { outbox, channel } = setUp();
    for (const value of [1, 2, 3]) {
      await turn();
      outbox.add([value]);
    }
    await turn();
    expect(channel.messages).toEqual([[1], [2], [3]]);
  });

  it("lets patient entries of a turn wait for those of others, but none that is not patient, and keeps the order", async () => {
    const { outbox, channel } = setUp();
    await turn();
    outbox.add([1], true);
    await afterTicks();
    outbox.add([2], true);
    await afterTicks();
    expect(channel.messages).toEqual([]);
    await turn();
    expect(channel.messages).toEqual([[1, 2]]);
    outbox.add([3], true);
    outbox.add([4]);
    outbox.add([5], true);
    await afterTicks();
    expect(channel.messages).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it("sends nothing when there is nothing", async () => {
    const { outbox, channel } = setUp();
    outbox.flush();
    expect(outbox.isEmpty).toBe(true);
    outbox.add([1]);
    expect(outbox.isEmpty).toBe(false);
    outbox.flush();
    expect(outbox.isEmpty).toBe(true);
    await turn();
    expect(channel.messages).toEqual([[1]]);
  });

  it("sends at once when told to, behind what waits, and goes on gathering", async () => {
    const { outbox, channel } = setUp();
    await turn();
    const list = [new ArrayBuffer(1)];
    outbox.add([1]);
    outbox.send([2], list);
    expect(channel.messages).toEqual([[1, 2]]);
    expect(channel.transferred.at(-1)).toBe(list);
    outbox.add([3]);
    outbox.add([4]);
    await turn();
    expect(channel.messages).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("refuses each entry that cannot be sent, and sends all others once, in order, whatever they are", async () => {
    const entry = fc.record({ isBad: fc.boolean(), isPatient: fc.boolean(), isFlushed: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 20 }), async (entries) => {
        const { outbox, channel } = setUp();
        for (const [id, { isBad, isPatient, isFlushed }] of entries.entries()) {
          if (isBad) expect(() => outbox.add([id, bad], isPatient)).toThrow("bad");
          else outbox.add([id], isPatient);
          if (isFlushed) outbox.flush();
        }
        await turn();
        expect(outbox.isEmpty).toBe(true);
        expect(channel.messages.flat()).toEqual([...entries.keys()].filter((id) => !entries[id]!.isBad));
      }),
    );
  });
});
