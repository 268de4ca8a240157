import { count, cpu, echo, noop, size } from "../work.js";

/** The work in the shape that both kinds of Poolifier workers take. */
export const poolifierWork = {
  noop: (value?: unknown): unknown => noop(value as number),
  echo: (value?: unknown): unknown => echo(value),
  cpu: (value?: unknown): unknown => cpu(value as number),
  size: (value?: unknown): unknown => size(value as Uint8Array),
  count: (value?: unknown): unknown => count(value as Uint8Array),
};
