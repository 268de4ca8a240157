import { describe, expect, it } from "vitest";
import * as library from "manyhands";
import { realOf } from "../dist/config/lazy.js";
import * as hosted from "../dist/host-index.js";
import { PlaceWorker } from "#fixtures/place.js";
import { REMOTE_MODES } from "./conformance/modes.js";

describe("the library in a host", () => {
  it("has all that the library has, and nothing else", () => {
    expect(Object.keys(hosted).toSorted()).toEqual(Object.keys(library).toSorted());
  });

  it("has each thing itself, once it is used", () => {
    const made = ["worker", "task"];
    const originals = new Map(Object.entries(library));
    for (const [name, value] of Object.entries(hosted)) {
      if (!made.includes(name)) expect(realOf(value), name).toBe(originals.get(name));
    }
  });

  it("has classes that can be constructed, extended and asked for their instances", () => {
    class Inbox extends hosted.Queue<number> {
      first(): number | undefined {
        return this.tryTake();
      }
    }
    const inbox = new Inbox({ capacity: 2 });
    expect(inbox.tryPut(1)).toBe(true);
    expect(inbox.first()).toBe(1);
    expect(inbox).toBeInstanceOf(Inbox);
    expect(inbox).toBeInstanceOf(hosted.Queue);
    expect(inbox).toBeInstanceOf(library.Queue);
    expect(new library.Queue()).toBeInstanceOf(hosted.Queue);
    expect(hosted.Queue.name).toBe("Queue");
  });

  it("defines workers and tasks that others can run", async () => {
    const double = hosted.task(import.meta, (n: number) => n * 2, { name: "double", mode: "async" });
    await using pool = new library.TaskPool({ mode: "async" });
    expect(await pool.submit(double, 4)).toBe(8);
    expect(await library.map([1, 2], double)).toEqual([2, 4]);
    await double.stop();
    class Plain {
      say(): string {
        return "plain";
      }
    }
    const definition = hosted.worker(import.meta, Plain);
    expect(Object.keys(definition).toSorted()).toEqual(["init", "options", "registration", "target"]);
    await using plain = definition.options({ mode: "async" }).init();
    expect(await plain.say()).toBe("plain");
  });

  it.each(REMOTE_MODES)("is what a worker in mode %s imports", async (mode) => {
    await using pool = PlaceWorker.options({ mode, maxWorkers: 1 }).init();
    expect(await pool.library()).toMatch(/linked\/(?:thread|packed-thread|process)-entry\.js$/);
    expect(await pool.limitless()).toBe(true);
    expect(await pool.gathered()).toEqual([1, 2]);
    expect(await pool.inner()).toMatch(/linked\/(?:thread|packed-thread|process)-entry\.js$/);
  });
});
