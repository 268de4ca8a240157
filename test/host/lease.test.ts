import { afterEach, describe, expect, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import type { Vessel } from "../../dist/modes/remote-host.js";
import { openThread } from "../../dist/modes/thread.js";
import { sourceOf } from "../../dist/pool/open-pool.js";
import { ToCaller, ToHost } from "../../dist/wire/protocol.js";

const FOR_EVER = Number.MAX_SAFE_INTEGER;

let vessel: Vessel | undefined;

afterEach(() => vessel?.kill());

describe("a host on a node", () => {
  it.each([
    ["a call", ToHost.call],
    ["an urgent call", ToHost.urgentCall],
  ])("begins %s only while the node has its lease", async (_, code) => {
    const { registration, methods } = sourceOf(CounterWorker.registration);
    const { key, url, name } = registration;
    const identity = { index: 0, id: "one", mode: "thread", pool: "pool" };
    const begun = new SharedArrayBuffer(4);
    const started = openThread({ settings: {}, label: name, identity, begun }, { exited() {} }, "port");
    vessel = started;
    const done: unknown[] = [];
    const ready = new Promise<void>((resolve) => {
      started.channel.onMessage = (message) => {
        if (message[0] === ToCaller.ready) resolve();
        else if (message[0] === ToCaller.done) done.push(message[3]);
      };
    });
    const blueprint = { key, url, name, methods: methods.map((one) => one.name), constructorArgs: [], concurrency: 1 };
    started.channel.put([{ blueprint: { ...blueprint, pool: "pool", depth: 1 }, identity, begun }], []);
    started.channel.flush();
    await ready;
    const increment = methods.findIndex((one) => one.name === "increment");
    started.channel.put([ToHost.lease, 0, 0, code, 1, increment, 1, 0, 0, 0], []);
    started.channel.flush();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(done).toEqual([]);
    started.channel.put([ToHost.lease, FOR_EVER, FOR_EVER], []);
    started.channel.flush();
    await expect.poll(() => done).toEqual([1]);
  });
});
