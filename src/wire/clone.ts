import { types } from "node:util";
import { whyHomebound } from "../config/homebound.js";

/** So many values are looked at, those of the outer levels first: to look at all would cost more than it is worth. */
const MOST = 1000;

const { getPrototypeOf, getOwnPropertyDescriptor, prototype: OBJECT } = Object;
const LIST = Array.prototype;
const { entries: entriesOf } = Map.prototype;
const { values: membersOf } = Set.prototype;

/**
 * Refuses what structured clone would take and lose (`config/homebound.ts`). Not for what our own encoding carries: that has
 * looked for it (`codec/plain-class.ts`).
 *
 * @param transfer - what arrives as it is handed over
 * @throws {TypeError} that says what to do instead
 */
export function assertTravels(values: readonly unknown[], transfer: readonly object[] = []): void {
  const met: object[] = [values];
  // Grows meanwhile.
  for (const value of met) {
    const prototype = getPrototypeOf(value) as object | null;
    if (prototype !== OBJECT && prototype !== LIST) {
      const remedy = whyHomebound(prototype);
      if (remedy !== undefined && !transfer.includes(value)) throw new TypeError(remedy);
    }
    if (met.length < MOST) meetParts(value, met);
  }
}

/** Runs no getters of objects: that is for who sends the value. */
function meetParts(value: object, met: object[]): void {
  if (Array.isArray(value)) {
    const { length } = value;
    for (let index = 0; index < length && index < MOST; index += 1) meet(value[index], met);
  } else if (types.isMap(value)) {
    let left = MOST;
    for (const [key, entry] of entriesOf.call(value)) {
      meet(key, met);
      meet(entry, met);
      if (--left === 0) return;
    }
  } else if (types.isSet(value)) {
    let left = MOST;
    for (const member of membersOf.call(value)) {
      meet(member, met);
      if (--left === 0) return;
    }
  } else if (!ArrayBuffer.isView(value)) {
    let left = MOST;
    for (const key in value) {
      meet(getOwnPropertyDescriptor(value, key)?.value, met);
      if (--left === 0) return;
    }
  }
}

function meet(value: unknown, met: object[]): void {
  // A proxy cannot be sent, and any look at it would run its traps.
  if (typeof value === "object" && value !== null && met.length < MOST && !types.isProxy(value)) met.push(value);
}

/**
 * As `structuredClone`.
 * @throws also for what that would lose
 */
export function clone<T>(value: T): T {
  assertTravels([value]);
  return structuredClone(value);
}
