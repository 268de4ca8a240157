/**
 * The arrays that entries are, made for speed: V8 holds an array that begins with numbers as one of numbers, and changes it
 * when something else comes in, or when code sees it that has seen others too. That took an eighth of what a worker does
 * for a short call. So these hold anything from the start: what is no number is in them when they are made.
 */
import { plainHeader, ToCaller } from "./protocol.js";

/** To be filled with what is read. */
export function emptyEntries(): unknown[] {
  const values: unknown[] = [undefined];
  values.pop();
  return values;
}

/** A call of a method that has nothing but arguments. */
export function plainEntry(method: number, sequence: number, args: readonly unknown[]): unknown[] {
  const header = plainHeader(method, args.length);
  // A spread costs as much as all the rest.
  const entry = args.length === 1 ? [undefined, sequence, args[0]] : [undefined, sequence, ...args];
  entry[0] = header;
  return entry;
}

/** The result of a call, which ran for so long, in ms. */
export function doneEntry(id: number, ran: number, value: unknown): unknown[] {
  const entry = [undefined, id, ran, value];
  entry[0] = ToCaller.done;
  return entry;
}
