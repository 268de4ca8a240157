import type { Future } from "../future/future.js";
import { subscribe } from "../future/future.js";

/** A child of a group that failed. */
export interface ChildFailure {
  /** What the child is called; `undefined` for the body, and for what the group itself reports. */
  readonly name: string | undefined;
  readonly error: unknown;
}

interface Failure extends ChildFailure {
  /** For messages. */
  readonly what: string;
  /** Of a child: its error is reported unless somebody looks at it. */
  readonly future: Future<unknown> | undefined;
  /** Whether the group fails with it. */
  readonly isFatal: boolean;
}

/** How many are kept of those that do not end the group, which may go on for ever. */
const KEPT = 1000;

/** What failed in a group. */
export class Failures {
  readonly #group: string;
  #all: Failure[] = [];

  constructor(group: string) {
    this.#group = group;
  }

  add(failure: Failure): void {
    this.#all.push(failure);
    if (!failure.isFatal && this.#all.length >= 2 * KEPT) {
      const excess = this.#all.length - KEPT;
      this.#all = this.#all.filter(({ isFatal }, index) => isFatal || index >= excess);
    }
  }

  /** All that are kept, in the order in which they came; who asks for them looks at their errors. */
  list(): ChildFailure[] {
    for (const { future } of this.#all) if (future) subscribe(future, looked);
    return this.#all.map(({ name, error }) => ({ name, error }));
  }

  /** What the group fails with, if it does: each error once, however many threw it on. */
  toError(cancellation: { readonly reason: unknown } | undefined): AggregateError | undefined {
    const fatal = this.#all.filter(({ isFatal }) => isFatal);
    const [first] = fatal;
    if (!first) return undefined;
    for (const { future } of fatal) if (future) subscribe(future, looked);
    const errors = [...new Set(fatal.map(({ error }) => error))];
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
    return new AggregateError(
      errors,
      `Cannot finish the group '${this.#group}' as ${first.what} failed: ${messageOf(first.error)}${more}`,
      cancellation && { cause: cancellation.reason },
    );
  }
}

/** Says that a child failed of which its group had said already that it was left behind. */
export function reportLateFailure(label: string, error: unknown): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`${label} failed after its group had left it behind: ${detail}`, {
    type: "UnobservedErrorWarning",
    code: "MH_UNOBSERVED",
  });
}

function looked(): void {}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
