import { afterEach, expect, it, vi } from "vitest";
import { Vigil } from "../../dist/wire/vigil.js";
import { Wakefulness } from "../../dist/wire/wakefulness.js";

const BUDGET = 50;
let now = 1000;

afterEach(() => vi.restoreAllMocks());

interface Caller {
  readonly wakefulness: Wakefulness;
  readonly vigil: Vigil;
}

/** One who calls a host at the other end of a socket, on a clock that stands still. */
function createCaller(): Caller {
  vi.spyOn(process, "hrtime").mockImplementation(() => [0, now * 1e6]);
  const vigil = new Vigil(undefined, 0, false, { now: () => now, laterTurn: () => {}, endOfTurn: () => {} });
  return { wakefulness: new Wakefulness(undefined, vigil, BUDGET), vigil };
}

/** A call that is answered after so many ms, of which the method took some. Returns how long its answer was waited for awake. */
function makeCall({ wakefulness, vigil }: Caller, took: number, ran: number): number {
  const awake = wakefulness.begins();
  vigil.expect(awake);
  now += took;
  vigil.arrived();
  wakefulness.ends(ran);
  return awake;
}

it("does not stay awake for the first call, nor for one long after the last", () => {
  const caller = createCaller();
  expect(makeCall(caller, 0.01, 0)).toBe(0);
  expect(makeCall(caller, 0.01, 0)).toBe(BUDGET / 1000);
  now += 1;
  expect(makeCall(caller, 0.01, 0)).toBe(0);
});

it("makes a pause when answers come no sooner than to one that sleeps, whatever the method itself took", () => {
  const caller = createCaller();
  const { vigil } = caller;
  makeCall(caller, 0.01, 0);
  makeCall(caller, 0.045, 0.04);
  expect(vigil.isPausing).toBe(false);
  expect(makeCall(caller, 0.045, 0.001)).toBe(BUDGET / 1000);
  expect(vigil.isPausing).toBe(true);
  expect(makeCall(caller, 0.01, 0)).toBe(0);
});

it("does not judge by the answers to several calls", () => {
  const caller = createCaller();
  const { wakefulness, vigil } = caller;
  makeCall(caller, 0.01, 0);
  vigil.expect(wakefulness.begins());
  now += 0.2;
  vigil.arrived();
  wakefulness.goesOn(0.001);
  wakefulness.ends(0.001);
  expect(vigil.isPausing).toBe(false);
});
