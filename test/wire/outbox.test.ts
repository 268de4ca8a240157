import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Channel } from "../../dist/wire/channel.js";
import { Outbox } from "../../dist/wire/outbox.js";

/** Keeps what was posted as the other side would get it. */
class Recorder implements Channel {
  onUnreadable: (error: unknown) => void = () => undefined;
  readonly messages: unknown[][] = [];
  readonly isCongested = false;
  onMessage = (): void => {};
  onClose = (): void => {};

  post(message: unknown[], transfer: readonly object[]): void {
    this.messages.push(structuredClone(message, { transfer: [...transfer] as ArrayBuffer[] }));
  }

  onceDrained(fn: () => void): void {
    fn();
  }
  deliverPending(): void {}
  ref(): void {}
  unref(): void {}
  close(): void {}
}

function setUp(): { outbox: Outbox; channel: Recorder; refused: [entry: unknown[], error: unknown][] } {
  const channel = new Recorder();
  const refused: [entry: unknown[], error: unknown][] = [];
  const outbox = new Outbox(channel, (entry, error) => refused.push([entry, error]));
  return { outbox, channel, refused };
}

/** The next turn of the event loop: what was scheduled in this one has run. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

const bad = (): void => {};

describe("Outbox", () => {
  it("sends the entries of one turn as one message, in order", async () => {
    const { outbox, channel } = setUp();
    await turn();
    outbox.begin().push(1, "a");
    outbox.begin().push(2, "b", "c");
    outbox.begin().push(3);
    expect(channel.messages).toEqual([]);
    await turn();
    expect(channel.messages).toEqual([[1, "a", 2, "b", "c", 3]]);
  });

  it("sends the entries made by many continuations of one turn as one message", async () => {
    const { outbox, channel } = setUp();
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const add = async (value: number): Promise<void> => {
      await gate;
      outbox.begin().push(value);
      await Promise.resolve();
      outbox.begin().push(-value);
    };
    const adding = Promise.all([1, 2, 3].map(add));
    setImmediate(release);
    await adding;
    await turn();
    expect(channel.messages).toEqual([[1, 2, 3, -1, -2, -3]]);
  });

  it("sends the entries of another turn as another message", async () => {
    const { outbox, channel } = setUp();
    for (const value of [1, 2, 3]) {
      await turn();
      outbox.begin().push(value);
    }
    await turn();
    expect(channel.messages).toEqual([[1], [2], [3]]);
  });

  it("lets patient entries of a turn wait for those of others, but none that is not patient, and keeps the order", async () => {
    const { outbox, channel } = setUp();
    const afterTicks = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
    await turn();
    outbox.begin(true).push(1);
    await afterTicks();
    outbox.begin(true).push(2);
    await afterTicks();
    expect(channel.messages).toEqual([]);
    await turn();
    expect(channel.messages).toEqual([[1, 2]]);
    outbox.begin(true).push(3);
    outbox.begin().push(4);
    outbox.begin(true).push(5);
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
    outbox.begin().push(1);
    expect(outbox.isEmpty).toBe(false);
    outbox.flush();
    expect(outbox.isEmpty).toBe(true);
    await turn();
    expect(channel.messages).toEqual([[1]]);
  });

  it("sends at once when told to, and goes on gathering", async () => {
    const { outbox, channel } = setUp();
    await turn();
    outbox.begin().push(1);
    outbox.flush();
    expect(channel.messages).toEqual([[1]]);
    outbox.begin().push(2);
    outbox.begin().push(3);
    await turn();
    expect(channel.messages).toEqual([[1], [2, 3]]);
  });

  it("gives an entry that cannot be serialized back, once, with the reason", async () => {
    const { outbox, channel, refused } = setUp();
    outbox.begin().push(1, bad);
    await turn();
    expect(channel.messages).toEqual([]);
    expect(refused).toEqual([[[1, bad], expect.objectContaining({ name: "DataCloneError" })]]);
    expect(outbox.isEmpty).toBe(true);
  });

  it("lets the neighbours of such an entry go, in order (O2)", async () => {
    const { outbox, channel, refused } = setUp();
    outbox.begin().push(1, "a");
    outbox.begin().push(2, bad);
    outbox.begin().push(3, "c");
    outbox.begin().push(4, { bad });
    await turn();
    expect(channel.messages.flat()).toEqual([1, "a", 3, "c"]);
    expect(refused.map(([entry]) => entry)).toEqual([
      [2, bad],
      [4, { bad }],
    ]);
  });

  it("sends what is added in place of such an entry", async () => {
    const channel = new Recorder();
    const outbox = new Outbox(channel, (entry) => outbox.begin().push("instead of", entry[0]));
    outbox.begin().push(1, bad);
    await turn();
    outbox.begin().push(2);
    outbox.begin().push(3, bad);
    await turn();
    expect(channel.messages).toEqual([["instead of", 1], [2], ["instead of", 3]]);
  });

  it("sends each entry once or refuses it once, in order, whatever they are (O1)", async () => {
    const entry = fc.record({ values: fc.array(fc.jsonValue()), isBad: fc.boolean(), isFlushed: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 20 }), async (entries) => {
        const { outbox, channel, refused } = setUp();
        for (const [id, { values, isBad, isFlushed }] of entries.entries()) {
          outbox.begin().push([id, values, ...(isBad ? [bad] : [])]);
          if (isFlushed) outbox.flush();
        }
        await turn();
        const numbered = entries.map(({ values, isBad }, id) => ({ id, values, isBad }));
        expect(channel.messages.flat()).toEqual(
          numbered.filter((one) => !one.isBad).map(({ id, values }) => [id, values]),
        );
        expect(refused.map(([[given]]) => (given as unknown[])[0])).toEqual(
          numbered.filter((one) => one.isBad).map(({ id }) => id),
        );
      }),
    );
  });
});

describe("Outbox with transfer lists", () => {
  const bytes = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(size).fill(size);

  it("hands over what is listed, and copies the rest", async () => {
    const { outbox, channel } = setUp();
    const [copied, moved, alsoMoved] = [bytes(1), bytes(2), bytes(3)];
    outbox.begin().push(copied);
    outbox.begin().push(moved);
    outbox.transfer([moved.buffer]);
    outbox.begin().push(alsoMoved);
    outbox.transfer([alsoMoved.buffer]);
    await turn();
    expect(channel.messages).toEqual([[bytes(1), bytes(2), bytes(3)]]);
    expect([copied, moved, alsoMoved].map(({ byteLength }) => byteLength)).toEqual([1, 0, 0]);
  });

  it("hands over ports", async () => {
    const { outbox, channel } = setUp();
    const { port1, port2 } = new MessageChannel();
    outbox.begin().push(port1);
    outbox.transfer([port1]);
    await turn();
    expect(channel.messages[0]![0]).toBeInstanceOf(MessagePort);
    port2.close();
  });

  it("does not list again, with later entries, what it handed over", async () => {
    const { outbox, channel, refused } = setUp();
    const moved = bytes(2);
    outbox.begin().push(moved);
    outbox.transfer([moved.buffer]);
    await turn();
    outbox.begin().push("later");
    await turn();
    expect(channel.messages).toEqual([[bytes(2)], ["later"]]);
    expect(refused).toEqual([]);
  });

  it("keeps each list with its entry when one beside it cannot be serialized", async () => {
    const { outbox, channel, refused } = setUp();
    const [first, kept, last] = [bytes(1), bytes(2), bytes(3)];
    outbox.begin().push(1, first);
    outbox.transfer([first.buffer]);
    outbox.begin().push(2, kept, bad);
    outbox.transfer([kept.buffer]);
    outbox.begin().push(3, "no list");
    outbox.begin().push(4, last);
    outbox.transfer([last.buffer]);
    await turn();
    expect(channel.messages.flat()).toEqual([1, bytes(1), 3, "no list", 4, bytes(3)]);
    expect([first, kept, last].map(({ byteLength }) => byteLength)).toEqual([0, 2, 0]);
    expect(refused.map(([entry]) => entry[0])).toEqual([2]);
  });

  it("takes several lists for one entry, as for the items of a stream", async () => {
    const { outbox, channel, refused } = setUp();
    const [one, two, three] = [bytes(1), bytes(2), bytes(3)];
    outbox.begin().push(1, one, two);
    outbox.transfer([one.buffer]);
    outbox.transfer([two.buffer]);
    outbox.begin().push(2, bad);
    outbox.begin().push(3, three);
    outbox.transfer([three.buffer]);
    await turn();
    expect(channel.messages.flat()).toEqual([1, bytes(1), bytes(2), 3, bytes(3)]);
    expect([one, two, three].map(({ byteLength }) => byteLength)).toEqual([0, 0, 0]);
    expect(refused.map(([entry]) => entry[0])).toEqual([2]);
  });

  it("refuses the second of two entries that hand over the same buffer, and sends the first", async () => {
    const { outbox, channel, refused } = setUp();
    const moved = bytes(2);
    for (const id of [1, 2]) {
      outbox.begin().push(id, moved);
      outbox.transfer([moved.buffer]);
    }
    outbox.begin().push(3);
    await turn();
    expect(channel.messages.flat()).toEqual([1, bytes(2), 3]);
    expect(refused.map(([entry]) => entry[0])).toEqual([2]);
  });
});
