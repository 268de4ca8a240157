import { types } from "node:util";
import { whyHomebound } from "../config/homebound.js";

/** So many values are looked at, those of the outer levels first: to look at all would cost more than it is worth. */
const MOST = 1000;

const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
const entriesOf = Map.prototype.entries;
const membersOf = Set.prototype.values;

/**
 * Refuses what structured clone would take and lose (`config/homebound.ts`). Not for what our own encoding carries: that has
 * looked for it (`codec/plain-class.ts`).
 *
 * @param transfer - what arrives as it is handed over
 * @throws {TypeError} that says what to do instead
 */
export function assertTravels(values: readonly unknown[], transfer: readonly object[] = []): void {
  const met: object[] = [];
  meet(values, met);
  // Grows meanwhile.
  for (const value of met) {
    const remedy = whyHomebound(getPrototypeOf(value) as object | null);
    if (remedy !== undefined && !transfer.includes(value)) throw new TypeError(remedy);
    if (met.length < MOST) meet(partsOf(value), met);
  }
}

function meet(parts: Iterable<unknown>, met: object[]): void {
  let looks = 0;
  for (const part of parts) {
    // A proxy cannot be sent, and any look at it would run its traps.
    if (typeof part === "object" && part !== null && !types.isProxy(part)) met.push(part);
    looks += 1;
    if (looks === MOST || met.length === MOST) return;
  }
}

/** Runs no code of the user's, as a getter would be: that is for who sends the value. */
function* partsOf(value: object): Iterable<unknown> {
  if (ArrayBuffer.isView(value)) return;
  if (types.isSet(value)) {
    yield* membersOf.call(value);
  } else if (types.isMap(value)) {
    for (const [key, part] of entriesOf.call(value)) {
      yield key;
      yield part;
    }
  } else {
    for (const key in value) yield getOwnPropertyDescriptor(value, key)?.value;
  }
}

/**
 * As `structuredClone`.
 * @throws also for what that would lose
 */
export function clone<T>(value: T): T {
  assertTravels([value]);
  return structuredClone(value);
}
