import { describe, expect, it } from "vitest";
import { CounterWorker, TeapotError } from "#fixtures/counter.js";
import { MODES } from "./modes.js";
import { sharedPool } from "./shared-pool.js";

describe.each(MODES)("errors in mode %s", (mode) => {
  const shared = sharedPool(() => CounterWorker.options({ mode, maxWorkers: 1 }).init());

  it("keeps built-in classes", async () => {
    const pool = shared();
    const error = await pool.fail("type").exception();
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: "TypeError", message: "Wrong type" });
  });

  it("keeps classes that the worker module exports, with fields and causes", async () => {
    const pool = shared();
    const error = (await pool.fail("teapot").exception()) as TeapotError;
    expect(error).toBeInstanceOf(TeapotError);
    expect(error).toMatchObject({ name: "TeapotError", code: "TEAPOT", details: { temperature: 90 } });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect((error.cause as Error).message).toBe("Too hot");
  });

  it("falls back to the nearest known class, and keeps name and fields", async () => {
    const pool = shared();
    const error = await pool.fail("private").exception();
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ name: "PrivateError", status: 418 });
  });

  it("keeps aggregated errors", async () => {
    const pool = shared();
    const error = (await pool.fail("aggregate").exception()) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors[0]).toBeInstanceOf(TypeError);
    expect(error.errors[1]).toBeInstanceOf(TeapotError);
  });

  it("shows the worker's frames in the stack", async () => {
    const pool = shared();
    const error = (await pool.fail("type").exception()) as Error;
    expect(error.stack).toMatch(/^TypeError: Wrong type\n\s+at Counter\.fail \(.*counter\.js/);
    const later = (await pool.failLater("later").exception()) as Error;
    expect(later.stack).toContain("failLater");
  });

  it("carries whatever is thrown", async () => {
    const pool = shared();
    expect(await pool.fail("string").then(null, (thrown: unknown) => thrown)).toBe("just a string");
    expect(await pool.fail("undefined").then(null, (thrown: unknown) => ({ thrown }))).toEqual({ thrown: undefined });
    expect(await pool.fail("frozen").exception()).toEqual({ code: 7 });
    expect(await pool.fail("frozen-error").exception()).toBeInstanceOf(TypeError);
  });

  it("carries DOM exceptions and errors that are their own cause", async () => {
    const pool = shared();
    const dom = await pool.fail("dom").exception();
    expect(dom).toBeInstanceOf(DOMException);
    expect(dom).toMatchObject({ name: "NotFoundError", code: 8 });
    const round = (await pool.fail("circular").exception()) as Error;
    expect(round.cause).toBe(round);
  });

  it("carries an error that holds something that cannot be sent", async () => {
    const pool = shared();
    const error = await pool.fail("socket").exception();
    expect(error).toMatchObject({ message: "Has a socket", code: "ECONNRESET" });
  });

  it("fails only the call that threw", async () => {
    const pool = shared();
    const calls = [pool.add(1, 1), pool.fail("x"), pool.add(2, 2)] as const;
    const settled = await Promise.allSettled(calls);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});
