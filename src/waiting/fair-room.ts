/**
 * Where requests of several flows wait: each flow in its own order, the flows in turn.
 *
 * Owns the order between the flows: the one that was served goes behind the others, so that a flow of a thousand does not
 * keep one of two from its turn; a flow without requests is forgotten. Within a flow a `WaitingRoom` decides.
 */
import { type Waiter, WaitingRoom } from "./waiting-room.js";
import { keepShape } from "../config/keep-shape.js";

/** What the room needs to know of a request. */
export interface FairWaiter extends Waiter {
  /** Requests of the same flow are served in their own order. */
  readonly flow: string;
}

export class FairRoom<T extends FairWaiter> {
  /** In the order of their turns. */
  readonly #flows = new Map<string, WaitingRoom<T>>();

  get isEmpty(): boolean {
    return this.#flows.size === 0;
  }

  get size(): number {
    let size = 0;
    for (const flow of this.#flows.values()) size += flow.size;
    return size;
  }

  add(waiter: T): void {
    let flow = this.#flows.get(waiter.flow);
    if (!flow) this.#flows.set(waiter.flow, (flow = new WaitingRoom()));
    flow.add(waiter);
  }

  /** Removes one that waits no more; its flow keeps its turn. */
  delete(waiter: T): void {
    const flow = this.#flows.get(waiter.flow);
    flow?.delete(waiter);
    if (flow?.size === 0) this.#flows.delete(waiter.flow);
  }

  /** Removes one that is served: its flow goes behind the others. */
  serve(waiter: T): void {
    const flow = this.#flows.get(waiter.flow)!;
    flow.delete(waiter);
    if (this.#flows.size === 1 && flow.size > 0) return;
    this.#flows.delete(waiter.flow);
    if (flow.size > 0) this.#flows.set(waiter.flow, flow);
  }

  /** All of them, which stay, in no order. */
  all(): T[] {
    return [...this.#flows.values()].flatMap((flow) => flow.all());
  }

  /** The first of the flow whose turn it is; it stays. */
  peek(): T | undefined {
    for (const flow of this.#flows.values()) return flow.peek();
    return undefined;
  }

  /** The first of each flow, in the order of their turns, then those that follow in the flow whose turn it is. */
  *upcoming(): Generator<T, void, undefined> {
    let current: WaitingRoom<T> | undefined;
    for (const flow of this.#flows.values()) {
      current ??= flow;
      const first = flow.peek();
      if (first) yield first;
    }
    if (!current) return;
    let isFirst = true;
    for (const waiter of current.upcoming()) {
      if (!isFirst) yield waiter;
      isFirst = false;
    }
  }
}

keepShape(new FairRoom());
