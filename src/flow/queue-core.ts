/**
 * The state of a queue: what is in it, who waits for it, and who consumes it.
 *
 * Owns the items that were put and not taken, and all that wait: to put, to take, for the end. Does not own the items that
 * were taken; it counts them until it is told that they are processed.
 *
 * States: open → closed | aborted; closed → aborted.
 *
 * K1. Items come out in the order in which they were put, each once; those whose `put` waits for room come after the others.
 * K2. Who waits to take, and an item, are never there at the same time; nor room, and who waits to put.
 * K3. Closed, nothing more is put; what was, those that wait for room included, comes out. Aborted, nothing comes out.
 * K4. `join` ends once all that was put is processed, or is known never to be: aborted, or abandoned.
 * K5. Abandoned is a queue whose last consumer left before the end, for as long as no other comes. It is known a turn of
 *     the event loop later, so that a consumer can be followed by the next. Nobody waits for consumers that are gone, but
 *     where items are also taken by hand nobody can know.
 */
import type { Waiter } from "../waiting/waiting-room.js";
import { WaitingRoom } from "../waiting/waiting-room.js";
import { QueueAbandonedError, QueueClosedError } from "../errors.js";
import { NOTHING, Ring } from "./queue-ring.js";

/** What becomes of a wait. */
export interface Endings<S> {
  /** What it waits for is there. */
  serve(what: S): void;
  fail(error: unknown): void;
  /** There will be no more items. */
  end?(): void;
}

/** Somebody who waits: for an item, for room (then `item` is what it is wanted for), or for the end. */
export class QueueWaiter<S> implements Waiter {
  readonly rank = 0;
  readonly sequence: number;
  waitsIn: Waiter["waitsIn"];
  readonly endings: Endings<S>;
  readonly item: unknown;

  constructor(sequence: number, endings: Endings<S>, item?: unknown) {
    this.sequence = sequence;
    this.waitsIn = undefined;
    this.endings = endings;
    this.item = item;
  }

  /** Waits no more, and is not told. */
  leave(): void {
    this.waitsIn?.delete(this as never);
  }
}

/** Why a consumer left before the end. */
export interface Loss {
  /** Whether it was an error. */
  readonly hasFailed: boolean;
  readonly error?: unknown;
  /** The error is passed on to somebody. */
  passedOn?(): void;
}

type State = { readonly kind: "open" | "closed" } | { readonly kind: "aborted"; readonly error: unknown };

export class QueueCore<T> {
  readonly capacity: number;
  readonly #items = new Ring<T>();
  readonly #putters = new WaitingRoom<QueueWaiter<void>>();
  readonly #takers = new WaitingRoom<QueueWaiter<T>>();
  readonly #joiners = new WaitingRoom<QueueWaiter<void>>();
  #state: State = { kind: "open" };
  /** Items put that are not known to be processed. */
  #unfinished = 0;
  #sequence = 0;
  #consumers = 0;
  #isTakenByHand = false;
  /** K5 */
  #loss: Loss | undefined;
  #isAbandoned = false;
  readonly #abortListeners = new Set<(error: unknown) => void>();

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#items.size;
  }

  get unfinished(): number {
    return this.#unfinished;
  }

  get isClosed(): boolean {
    return this.#state.kind !== "open";
  }

  /** @throws {QueueClosedError} or the error it was aborted with */
  tryPut(item: T): boolean {
    if (this.#state.kind === "closed") throw new QueueClosedError("Cannot put into the queue as it is closed");
    if (this.#state.kind === "aborted") throw this.#state.error;
    const taker = this.#takers.take();
    if (!taker && this.#items.size >= this.capacity) return false;
    this.#unfinished += 1;
    if (taker) taker.endings.serve(item);
    else this.#items.push(item);
    return true;
  }

  /** Waits for room, when there is none, and puts the item then. */
  waitToPut(item: T, endings: Endings<void>): QueueWaiter<void> {
    const putter = this.#waiter(endings, item);
    // K5
    if (this.#isAbandoned) endings.fail(this.#abandonment("put into"));
    else this.#putters.add(putter);
    return putter;
  }

  /** The next item, if one is there. */
  poll(): T | typeof NOTHING {
    const item = this.#items.shift();
    if (item === NOTHING || this.#putters.size === 0) return item;
    // K2
    const putter = this.#putters.take()!;
    this.#unfinished += 1;
    this.#items.push(putter.item as T);
    putter.endings.serve();
    return item;
  }

  /** Waits for the next item, when none is there. */
  waitToTake(endings: Endings<T>): QueueWaiter<T> {
    const taker = this.#waiter(endings);
    if (this.#state.kind === "aborted") endings.fail(this.#state.error);
    else if (this.#state.kind === "closed") endings.end!();
    else this.#takers.add(taker);
    return taker;
  }

  /** An item that was taken is processed. */
  finish(): void {
    this.#unfinished -= 1;
    if (this.#unfinished === 0) for (const joiner of this.#joiners.takeAll()) joiner.endings.serve();
  }

  /** Waits for the end (K4), which may be there. */
  waitToJoin(endings: Endings<void>): QueueWaiter<void> {
    const joiner = this.#waiter(endings);
    if (this.#state.kind === "aborted") endings.fail(this.#state.error);
    else if (this.#unfinished === 0) endings.serve();
    else if (this.#isAbandoned) endings.fail(this.#abandonment("join"));
    else this.#joiners.add(joiner);
    return joiner;
  }

  /** Somebody takes who cannot be seen to leave (K5). */
  takenByHand(): void {
    this.#isTakenByHand = true;
    this.#isAbandoned = false;
  }

  /** A consumer comes. */
  enter(): void {
    this.#consumers += 1;
    this.#loss = undefined;
    this.#isAbandoned = false;
  }

  /** A consumer goes; with a loss when it was before the end. */
  leave(loss: Loss | undefined): void {
    this.#consumers -= 1;
    if (this.#consumers > 0 || !loss || this.#isTakenByHand || this.#state.kind === "aborted") return;
    this.#loss = loss;
    // K5
    setImmediate(() => this.#abandon(loss));
  }

  close(): void {
    if (this.#state.kind !== "open") return;
    this.#state = { kind: "closed" };
    // K2: nothing is left where somebody waits to take.
    for (const taker of this.#takers.takeAll()) taker.endings.end!();
  }

  abort(error: unknown): void {
    if (this.#state.kind === "aborted") return;
    this.#state = { kind: "aborted", error };
    this.#unfinished -= this.#items.size;
    this.#items.clear();
    for (const room of [this.#takers, this.#putters, this.#joiners]) {
      for (const waiting of room.takeAll()) waiting.endings.fail(error);
    }
    for (const listener of this.#abortListeners) listener(error);
    this.#abortListeners.clear();
  }

  /** Calls `listener` when the queue is aborted; returns what forgets it. */
  onAbort(listener: (error: unknown) => void): () => void {
    this.#abortListeners.add(listener);
    return () => this.#abortListeners.delete(listener);
  }

  #waiter<S>(endings: Endings<S>, item?: T): QueueWaiter<S> {
    return new QueueWaiter(this.#sequence++, endings, item);
  }

  #abandon(loss: Loss): void {
    // Another came, or all is done.
    if (this.#loss !== loss || this.#isTakenByHand || this.#state.kind === "aborted") return;
    this.#isAbandoned = true;
    if (this.#unfinished === 0) return;
    for (const putter of this.#putters.takeAll()) putter.endings.fail(this.#abandonment("put into"));
    for (const joiner of this.#joiners.takeAll()) joiner.endings.fail(this.#abandonment("join"));
  }

  #abandonment(verb: string): QueueAbandonedError {
    const { hasFailed, error, passedOn } = this.#loss!;
    passedOn?.();
    const many = `${this.#unfinished} ${this.#unfinished === 1 ? "item is" : "items are"} not processed`;
    const how = hasFailed ? "failed" : "left before the end";
    return new QueueAbandonedError(
      `Cannot ${verb} the queue as its last consumer ${how} and ${many}`,
      hasFailed ? { cause: error } : undefined,
    );
  }
}
