import { readProperty } from "../../limits/headers/read-property.js";

/** Errors looked at; the bound is also what ends a circle of causes. */
const MOST = 32;

/** An error and those in it, from the outside in: its `lastError` and `cause`, its `response`, and those it gathers. */
export function errorChain(error: unknown): object[] {
  const chain = new Set<object>();
  const add = (value: unknown): void => {
    if (typeof value !== "object" || value === null || chain.has(value) || chain.size >= MOST) return;
    chain.add(value);
    add(readProperty(value, "lastError"));
    add(readProperty(value, "cause"));
    add(readProperty(value, "response"));
    const gathered = readProperty(value, "errors");
    if (Array.isArray(gathered)) gathered.slice(0, MOST).forEach(add);
  };
  add(error);
  return [...chain];
}
