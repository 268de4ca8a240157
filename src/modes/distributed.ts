/** The mode `distributed`: each worker on a node that joined a broker. */
import { loadDistributed } from "../config/outer-ring.js";
import type { Channel } from "../wire/channel.js";
import { deserialize, serialize } from "../wire/serialize.js";
import type { Registration } from "../registry.js";
import type { ActorNeed, Executor, HostSetup } from "./executor.js";
import { RemoteHost, type Vessel, type VesselEvents } from "./remote-host.js";
import { snapshot } from "./snapshot.js";

/** What the mode needs of `manyhands/distributed`. */
export interface VesselMaker {
  /** Finds a place on a node for a worker, and opens it there. */
  openVessel(setup: HostSetup, events: VesselEvents): Vessel;
  watchRoom(registration: Registration, need: ActorNeed, onRoom: (workers: number) => void): () => void;
}

export const distributedExecutor: Executor = {
  mode: "distributed",
  canTerminate: true,
  prepareArguments: (name, args) =>
    snapshot(name, args, (values) => deserialize(serialize(values)) as unknown[], serialize),
  watchRoom: (registration, need, onRoom) => {
    let stop: (() => void) | undefined;
    let isStopped = false;
    const watch = async (): Promise<void> => {
      const door = await loadDistributed<VesselMaker>();
      if (!isStopped) stop = door.watchRoom(registration, need, onRoom);
    };
    // What cannot be loaded is told of by the first worker.
    watch().catch(() => {});
    return () => {
      isStopped = true;
      stop?.();
    };
  },
  create: (setup) => new RemoteHost(setup, (events) => new LateVessel(setup, events)),
};

/** Stands for a vessel until what makes it is loaded; what is posted in the meantime is kept. */
class LateVessel implements Vessel {
  readonly channel: LateChannel;
  readonly trySend = serialize;
  readonly #events: VesselEvents;
  #vessel: Vessel | undefined;
  #isKilled = false;
  #isRef = true;
  /** Calls handed over in the meantime. */
  #handed = 0;

  constructor(setup: HostSetup, events: VesselEvents) {
    this.#events = events;
    this.channel = new LateChannel();
    void this.#open(setup);
  }

  async #open(setup: HostSetup): Promise<void> {
    try {
      const { openVessel } = await loadDistributed<VesselMaker>();
      if (this.#isKilled) return;
      const vessel = openVessel(setup, this.#events);
      this.#vessel = vessel;
      if (this.#isRef) vessel.ref();
      else vessel.unref();
      vessel.handing?.(this.#handed);
      this.channel.attach(vessel.channel);
    } catch (error) {
      if (!this.#isKilled) this.#events.failed(error);
    }
  }

  handing(handedAs: number): void {
    this.#handed = handedAs;
    this.#vessel?.handing?.(handedAs);
  }

  begun(): number | undefined {
    return this.#vessel ? this.#vessel.begun?.() : 0;
  }

  kill(): void {
    if (this.#vessel) this.#vessel.kill();
    else if (!this.#isKilled) {
      this.#isKilled = true;
      this.#events.exited({ reason: "terminated" });
    }
  }

  leave(): void {
    this.#vessel?.leave();
  }

  ref(): void {
    this.#isRef = true;
    this.#vessel?.ref();
  }

  unref(): void {
    this.#isRef = false;
    this.#vessel?.unref();
  }
}

class LateChannel implements Channel {
  #channel: Channel | undefined;
  /** Put before there was a channel. */
  #early: (readonly unknown[])[] = [];
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = () => {};
  onClose: () => void = () => {};
  readonly isCongested = false;

  attach(channel: Channel): void {
    channel.onMessage = (message) => this.onMessage(message);
    channel.onUnreadable = (error) => this.onUnreadable(error);
    channel.onClose = () => this.onClose();
    for (const entry of this.#early.splice(0)) channel.put(entry, []);
    channel.flush();
    this.#channel = channel;
  }

  put(entry: readonly unknown[]): void {
    if (this.#channel) this.#channel.put(entry, []);
    else this.#early.push(entry);
  }

  flush(): void {
    this.#channel?.flush();
  }

  onceDrained(fn: () => void): void {
    fn();
  }

  deliverPending(): void {
    this.#channel?.deliverPending();
  }

  ref(): void {}
  unref(): void {}

  close(): void {
    this.#channel?.close();
  }
}
