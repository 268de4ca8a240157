/**
 * Objects that mean something only where they were made: structured clone silently makes empty objects of most of them.
 *
 * They are known by their prototype, so an instance costs no more for it.
 */
import { processWide } from "./process-wide.js";

/** By kind, what to do instead of sending one. */
const REMEDIES = {
  other: "it belongs to its thread",
  lock: "it belongs to its thread, and what all workers keep to is a ResourceLimit among the limits of the pool",
  limit: "give it to the pool by options({ limits }), and use call().limits in the method",
  signal: "make the call by with({ signal }), and use call().signal in the method",
} as const;

type Kind = keyof typeof REMEDIES;

/** By prototype. */
const kinds = processWide("homebound", () => new WeakMap<object, Kind>());

/** Has instances of a class, and of those that extend it, refused wherever they are part of what a worker is sent, or sends. */
export function staysHome(maker: { readonly prototype: object }, kind: Kind = "other"): void {
  kinds.set(maker.prototype, kind);
}

/** What to do instead of sending an object with this prototype; `undefined` where nothing is known against it. */
export function whyHomebound(prototype: object | null): string | undefined {
  for (let parent = prototype; parent !== null; parent = Object.getPrototypeOf(parent) as object | null) {
    const kind = kinds.get(parent) ?? (isOfSignals(parent) ? "signal" : undefined);
    if (kind !== undefined) return REMEDIES[kind];
  }
  return undefined;
}

/** Not in the table, as to name them loads them. */
function isOfSignals(prototype: object): boolean {
  return prototype === AbortSignal.prototype || prototype === AbortController.prototype;
}
