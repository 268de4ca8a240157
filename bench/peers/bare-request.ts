/** What the bare peers send: the number of an operation, and its argument. */
import { count, cpu, echo, noop, size } from "../work.js";

export const Operation = { noop: 0, echo: 1, cpu: 2, size: 3, count: 4, transfer: 5 } as const;

export type BareRequest = readonly [operation: number, value: unknown];

export function perform([operation, value]: BareRequest): unknown {
  switch (operation) {
    case Operation.noop:
      return noop(value as number);
    case Operation.echo:
      return echo(value);
    case Operation.cpu:
      return cpu(value as number);
    case Operation.size:
      return size(value as Uint8Array);
    case Operation.count:
      return count(value as Uint8Array);
    default:
      return value;
  }
}
