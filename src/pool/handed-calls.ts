/**
 * The calls that a worker was handed and has not answered: those it begins in order, and urgent ones, which it begins at
 * once beside the others.
 */
import type { Call } from "./call.js";
import { CallTable } from "./call-table.js";

export class HandedCalls {
  /** The only one there is, for which a place in the table is not worth its price: the next puts it there. */
  #only: Call | undefined;
  readonly #ordered = new CallTable<Call>();
  readonly #urgent = new Map<number, Call>();
  /** Those handed to the present worker so far, but for urgent ones. */
  #count = 0;

  /** How many there are, but for urgent ones. */
  get size(): number {
    return this.#only === undefined ? this.#ordered.size : 1;
  }

  get isEmpty(): boolean {
    return this.size === 0 && this.#urgent.size === 0;
  }

  /** Another worker begins to count anew. */
  restart(): void {
    this.#count = 0;
  }

  add(call: Call): void {
    call.held();
    if (call.isUrgent) {
      this.#urgent.set(call.sequence, call);
      return;
    }
    call.handedAs = this.#count = (this.#count + 1) | 0;
    if (this.size === 0) this.#only = call;
    else this.#table().add(call);
  }

  /** With all of them in it. */
  #table(): CallTable<Call> {
    if (this.#only !== undefined) {
      this.#ordered.add(this.#only);
      this.#only = undefined;
    }
    return this.#ordered;
  }

  get(sequence: number): Call | undefined {
    if (this.#only?.sequence === sequence) return this.#only;
    return this.#ordered.get(sequence) ?? this.#urgent.get(sequence);
  }

  has(call: Call): boolean {
    return this.get(call.sequence) !== undefined;
  }

  /** Removes the call and returns it. */
  take(sequence: number): Call | undefined {
    let call = this.#only;
    if (call?.sequence === sequence) {
      this.#only = undefined;
    } else {
      call = this.#ordered.take(sequence);
      if (!call) {
        call = this.#urgent.get(sequence);
        this.#urgent.delete(sequence);
      }
    }
    call?.letGo();
    return call;
  }

  /** Whether the call is among those that a worker runs which runs so many at once. */
  hasBegun(call: Call, concurrency: number): boolean {
    if (this.#urgent.has(call.sequence)) return true;
    const table = this.#table();
    if (!table.has(call.sequence)) return false;
    return table.size <= concurrency || table.ahead(call) < concurrency;
  }

  /** In the order they were handed over, but for urgent ones. */
  inOrder(): Call[] {
    return this.#table().inOrder();
  }

  urgent(): Call[] {
    return [...this.#urgent.values()];
  }

  all(): Call[] {
    return [...this.inOrder(), ...this.urgent()];
  }

  clear(): void {
    const urgent = this.urgent();
    this.#urgent.clear();
    for (const call of [...this.#table().clear(), ...urgent]) call.letGo();
  }
}
