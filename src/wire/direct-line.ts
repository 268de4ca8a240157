/**
 * A direct line: calls of one thread to a worker that belongs to a pool in another, without passing that thread. The caller
 * has no event loop while it waits for an answer.
 *
 * Owns one end of the memory. Who may use it when is the pool's to say.
 *
 * N1. Whatever the caller waits for, its bell is rung for: the answer, by the worker; its death, by the pool.
 * N2. One call is under way at most, so none waits for room.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { CrashDetails } from "../errors.js";
import type { Bell } from "./bell.js";
import { plainEntry } from "./entries.js";
import { RingChannel } from "./ring/ring-channel.js";
import { allocateRings, openRings } from "./ring/ring-memory.js";
import { Vigil, type Watched } from "./vigil.js";
import { Wakefulness } from "./wakefulness.js";

/** What the caller gets. */
export interface LineEnd {
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
  /** See `LineWord`. */
  readonly words: SharedArrayBuffer;
  /** How long either side may stay awake, in µs. */
  readonly spin: number;
}

/** What the pool and the caller tell each other. */
const LineWord = {
  /** 1 once the worker is gone: the pool's. */
  isOver: 0,
  /** How staying awake went: the caller's. */
  hits: 1,
  misses: 2,
} as const;

/** A line as the pool sees it. */
export interface OpenedLine {
  readonly caller: LineEnd;
  readonly host: Pick<LineEnd, "port" | "memory">;
  /** Why the worker is gone, once it is. */
  readonly death: Promise<LineDeath>;
  /** How staying awake went, on both sides. */
  spinning(): { hits: number; misses: number };
  /** The worker is gone: tells the caller, also one that waits. */
  end(death: LineDeath): void;
}

export interface LineDeath {
  readonly details: CrashDetails;
  readonly cause: unknown;
}

/**
 * @param bell - the caller's
 * @param spin - how long either side may stay awake, in µs
 */
export function openLine(bell: Bell, spin: number): OpenedLine {
  const { port1, port2 } = new MessageChannel();
  const memory = allocateRings();
  const words = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  const { spin: theirs } = openRings(memory, "caller");
  let die!: (death: LineDeath) => void;
  return {
    caller: { port: port1, memory, words: words.buffer, spin },
    host: { port: port2, memory },
    death: new Promise((resolve) => (die = resolve)),
    spinning: () => ({
      hits: words[LineWord.hits]! + theirs.words[theirs.hits]!,
      misses: words[LineWord.misses]! + theirs.words[theirs.misses]!,
    }),
    end: (death) => {
      Atomics.store(words, LineWord.isOver, 1);
      bell.ring();
      die(death);
    },
  };
}

const NOTHING: readonly object[] = [];

/** The caller's end. */
export class DirectLine {
  readonly #channel: RingChannel;
  readonly #bell: Bell;
  readonly #words: Int32Array;
  readonly #vigil: Vigil;
  readonly #wakefulness: Wakefulness;
  #answer: unknown[] | undefined;
  /** What arrived last and cannot be read. */
  unreadable: { readonly cause: unknown } | undefined;

  constructor({ port, memory, words, spin }: LineEnd, bell: Bell) {
    const channel = new RingChannel(port, memory, "caller");
    channel.unref();
    // Whether it has to be woken it says itself, when it goes to sleep.
    const watched: Watched = { attend: () => channel.attend(), poll: () => channel.poll(), rest: () => {} };
    const vigil = new Vigil(watched, Number.POSITIVE_INFINITY);
    channel.onMessage = (answer) => {
      vigil.arrived();
      this.#answer = answer;
    };
    channel.onUnreadable = (cause) => (this.unreadable = { cause });
    this.#channel = channel;
    this.#bell = bell;
    this.#words = new Int32Array(words);
    this.#vigil = vigil;
    this.#wakefulness = new Wakefulness(channel, vigil, spin);
  }

  /** Whether the worker is there. */
  get isOpen(): boolean {
    return Atomics.load(this.#words, LineWord.isOver) === 0;
  }

  /** Whether the worker took the last call, and so may have begun it. */
  get isTaken(): boolean {
    return this.#channel.isAllTaken;
  }

  /**
   * Makes a call and waits for the answer, an entry of `ToCaller`; none comes when the worker dies over it, or sends what
   * cannot be read.
   * @throws what the serializer throws; then there is no call
   */
  call(sequence: number, method: number, args: readonly unknown[]): unknown[] | undefined {
    this.#channel.put(plainEntry(method, sequence, args), NOTHING);
    // A getter among the arguments may have made another call.
    this.#answer = undefined;
    const budget = this.#wakefulness.begins();
    // A worker that must be woken has this core the sooner.
    const isAwake = !this.#channel.isOtherAsleep;
    this.#channel.flush();
    if (!isAwake || !this.#vigil.watch(budget)) this.#sleep();
    this.#wakefulness.ends((this.#answer?.[2] ?? 0) as number);
    this.#words[LineWord.hits] = this.#vigil.hits;
    this.#words[LineWord.misses] = this.#vigil.misses;
    return this.#answer;
  }

  close(): void {
    this.#channel.close();
  }

  #sleep(): void {
    for (;;) {
      const { count } = this.#bell;
      const { isOpen } = this;
      this.#channel.fallAsleep();
      if (this.#channel.poll() || !isOpen) return;
      this.#bell.wait(count);
    }
  }
}
