/** The modes `sync` and `async`: the worker lives in this event loop, and values are passed as they are. */
import type { CrashDetails } from "../errors.js";
import { CallServer } from "../host/call-server.js";
import { construct } from "../host/host-state.js";
import { findRegistration } from "../registry.js";
import type { CallRequest, Executor, Host, HostSetup } from "./executor.js";

function localExecutor(mode: "sync" | "async"): Executor {
  return {
    mode,
    canTerminate: false,
    prepareArguments: (_name, args) => args,
    create: (setup) => new LocalHost(setup),
  };
}

export const syncExecutor: Executor = localExecutor("sync");
export const asyncExecutor: Executor = localExecutor("async");

/** Nothing needs to be held back in one's own event loop. */
const UNPACED = { mayBegin: () => true, mayBeginBlindly: () => true, mayGoOn: () => true, nextTurn: setImmediate };

class LocalHost implements Host {
  readonly runsOn = true;
  readonly isCongested = false;
  readonly isLaden = false;
  readonly spin = undefined;
  readonly #setup: HostSetup;
  #server: CallServer | undefined;
  #hasExited = false;

  constructor(setup: HostSetup) {
    this.#setup = setup;
  }

  launch(): void {
    const { start, events, limits } = this.#setup;
    try {
      const registration = findRegistration(start.blueprint.key)!;
      const instance = construct(registration.target, start.blueprint.constructorArgs, start.identity, limits);
      const { blueprint } = start;
      const options = { ...blueprint, isAlone: false, limits };
      this.#server = new CallServer(instance, blueprint.methods, options, events, UNPACED);
    } catch (error) {
      events.startFailed(error);
      return;
    }
    events.ready();
  }

  call(request: CallRequest): unknown {
    return this.#server!.run(request);
  }

  cancel(sequence: number, reason: unknown): void {
    this.#server!.cancel(sequence, reason);
  }

  abandon(sequence: number): boolean {
    this.#server!.abandon(sequence);
    return true;
  }

  pull(sequence: number, count: number): void {
    this.#server!.pull(sequence, count);
  }

  closeStream(sequence: number): void {
    this.#server!.close(sequence);
  }

  ping(sequence: number, method: number): void {
    const probe = async (): Promise<boolean> => method < 0 || (await this.#server!.probe(method)) !== false;
    void probe().then(
      (isHealthy) => this.#setup.events.pong(sequence, isHealthy),
      () => this.#setup.events.pong(sequence, false),
    );
  }

  stop(): void {
    void this.#stop();
  }

  async #stop(): Promise<void> {
    await this.#server?.idle();
    try {
      await this.#server?.dispose();
    } catch (error) {
      this.#setup.events.log(-1, ["The disposer of the worker threw", error]);
    }
    this.terminate({ reason: "exit" });
  }

  /** The instance is let go of; what it still runs cannot be stopped and is no longer listened to. */
  terminate(details: CrashDetails): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#setup.events.exited(details, undefined);
  }

  mayHaveBegun(calls: readonly CallRequest[]): number {
    return calls.length;
  }

  ref(): void {}

  unref(): void {}
}
