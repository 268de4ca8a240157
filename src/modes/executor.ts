/** The one interface that a mode implements: how to make the place a worker lives in, and how to talk to it. */
import type { ResolvedBroker } from "../config/broker.js";
import type { Mode } from "../config/mode.js";
import type { CrashDetails } from "../errors.js";
import type { HeldGrant } from "../limits/grant.js";
import type { LimitSource } from "../limits/limit-source.js";
import type { Registration } from "../registry.js";
import type { Bell } from "../wire/bell.js";
import type { OpenedLine } from "../wire/direct-line.js";
import type { ErrorClassLookup } from "../wire/error-codec.js";
import type { StartMessage } from "../wire/protocol.js";

/** A mode. */
export interface Executor {
  readonly mode: Mode;
  /** Whether a worker that does not let go of a call can be ended by force. */
  readonly canTerminate: boolean;
  /**
   * Checks, and where needed copies, the constructor arguments, which every worker of the pool will get.
   * @throws {SerializationError} when one cannot be sent
   */
  prepareArguments(name: string, args: readonly unknown[]): readonly unknown[];
  /**
   * Tells how many workers with this need there is room for, each time that changes, until what is returned is called; for
   * modes in which that is not known beforehand.
   */
  watchRoom?(registration: Registration, need: ActorNeed, onRoom: (workers: number) => void): () => void;
  /** Makes the place for one worker; nothing runs in it before `launch`. */
  create(setup: HostSetup): Host;
}

/** What a new host needs. */
export interface HostSetup {
  readonly start: StartMessage;
  readonly events: HostEvents;
  /** For the messages and stack lines of errors that come back, as in `Hasher`. */
  readonly label: string;
  readonly errorClasses: ErrorClassLookup;
  readonly settings: HostSettings;
  /** What it needs of a node, in mode `distributed`. */
  readonly actor: ActorNeed | undefined;
  /** What the worker has as `this.limits`. */
  readonly limits: LimitSource;
  /** Whether there are methods with a declared cost: what a call took is shown to it. */
  readonly hasCosts: boolean;
}

/** Options of threads and processes. */
export interface HostSettings {
  /**
   * How calls travel: the fastest way there is (`"auto"`, the default: memory shared between threads, an encoding of our
   * own between processes), or by message ports and V8's serialization alone (`"port"`).
   */
  readonly transport?: Transport | undefined;
  /**
   * How long both sides of a call may stay awake for the next, in µs, instead of being woken for it: `"auto"` (the default:
   * 50), `"off"`, or a number; the caller 150 longer where the worker has to be woken first. They do only while there are
   * cores for all of them, and stop where it is in vain. In a pool that blocks `"auto"` is 2,000, for calls made directly.
   */
  readonly spin?: Spin | undefined;
  /** Node's own option: arguments of Node.js for the worker. Default: those of this process. */
  readonly execArgv?: readonly string[] | undefined;
  /** The environment. Default: a copy of this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Memory limits in MB; a worker that exceeds one dies alone. */
  readonly resourceLimits?:
    | {
        readonly maxOldGenerationSizeMb?: number;
        readonly maxYoungGenerationSizeMb?: number;
        readonly codeRangeSizeMb?: number;
        readonly stackSizeMb?: number;
      }
    | undefined;
}

/** How calls travel. */
export type Transport = "auto" | "port";

/** How long both sides of a call stay awake for the next, in µs. */
export type Spin = "auto" | "off" | number;

/** How staying awake for the next call went; see the option `spin`. */
export interface SpinStats {
  /** How long it may take, in µs; 0 when it is switched off. */
  readonly budget: number;
  /** How often an answer, or the next call, came in that time. */
  readonly hits: number;
  /** How often none did. */
  readonly misses: number;
}

/** What a worker needs of the node that it lives on, and where to find one. */
export interface ActorNeed {
  readonly broker: ResolvedBroker;
  readonly cpus: number;
  /** In bytes. */
  readonly memory: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly isolation: "thread" | "process";
}

/** A call as it is handed to a host. */
export interface CallRequest {
  /** Unique within the pool. */
  readonly sequence: number;
  readonly method: number;
  readonly args: readonly unknown[];
  readonly attempt: number;
  /** In ms since the epoch; 0 for none. */
  readonly deadline: number;
  /** Items a stream may be ahead; 0 when the result is a single value. */
  readonly readAhead: number;
  readonly transfer: readonly object[] | undefined;
  /** The how-manieth call of its host it is, urgent ones not counted. */
  readonly handedAs: number;
  /** Begins at once, beside what the worker runs: how a broadcast reaches a busy worker. */
  readonly isUrgent: boolean;
  /** What it took of the limits of its pool; `undefined` where its method has no declared cost. */
  readonly grant: HeldGrant<unknown> | undefined;
  /** How long it ran, in ms: for a host to say that returns the outcome itself. */
  ran: number | undefined;
}

/** The place one worker lives in. */
export interface Host {
  /** Whether the calls it runs go on after it was terminated. */
  readonly runsOn: boolean;
  /** Whether what was sent to it waits in this process: it is given no more calls until it answers one, or until `drained`. */
  readonly isCongested: boolean;
  /** Whether so many bytes are under way to it that nothing more is worth handing over ahead of time. */
  readonly isLaden: boolean;
  /** How staying awake went; `undefined` where there is nobody to be woken. */
  readonly spin: SpinStats | undefined;
  /** Begins to start it: `ready`, `startFailed` or `exited` follows. */
  launch(): void;
  /**
   * Hands over a call: returns its result, or throws its error, where it has ended at once; else `LATER`, and `done` or
   * `failed` follows.
   */
  call(request: CallRequest): unknown;
  /**
   * Fires the signal of a call, or drops it when it has not begun; its outcome follows all the same.
   * @param hasBegun - whether the caller takes it to have begun
   */
  cancel(sequence: number, reason: unknown, hasBegun: boolean): void;
  pull(sequence: number, count: number): void;
  closeStream(sequence: number): void;
  /**
   * Stops listening to a running call that was given up, where its worker cannot be ended by force; `false` where it can.
   */
  abandon(sequence: number): boolean;
  /**
   * Opens a direct line to the worker, for a caller who is woken by this bell; `undefined` where it does not share memory
   * with its callers.
   */
  openLine?(bell: Bell): OpenedLine | undefined;
  /** Asks for a `pong`; with a method, its answer decides. */
  ping(sequence: number, method: number): void;
  /** Lets what runs end, disposes of the worker, then ends it: `exited` follows. */
  stop(): void;
  /** Ends it now, whatever it does: `exited` follows. */
  terminate(details: CrashDetails): void;
  /** How many of the calls without an outcome, oldest first, may have begun; of urgent ones it is assumed. */
  mayHaveBegun(calls: readonly CallRequest[], concurrency: number): number;
  /** Keeps the event loop alive while set. */
  ref(): void;
  unref(): void;
}

/** What a host tells its owner. Nothing follows `exited`. */
export interface HostEvents {
  /** Runs `tell`, which tells several things known at once: what follows from them all is done once, after it. */
  together(tell: () => void): void;
  ready(): void;
  /** There is no room for it yet, for this reason; `undefined`: there is, and it starts. */
  waiting(reason: string | undefined): void;
  startFailed(error: unknown): void;
  /** It should end when its calls are over, and be replaced: its node shuts down. */
  retire(): void;
  done(sequence: number, ran: number, value: unknown): void;
  failed(sequence: number, ran: number, error: unknown): void;
  items(sequence: number, items: unknown[]): void;
  progress(sequence: number, done: number, total: number | undefined): void;
  log(sequence: number, values: unknown[]): void;
  pong(sequence: number, isHealthy: boolean): void;
  /** A call that was abandoned has ended after all. */
  abandonedEnded(sequence: number): void;
  /** It is not congested any more. */
  drained(): void;
  /** Bytes of memory the worker uses. */
  memory(bytes: number): void;
  /** The worker is gone; `cause` is the exception that ended it, where one did. */
  exited(details: CrashDetails, cause: unknown): void;
}
