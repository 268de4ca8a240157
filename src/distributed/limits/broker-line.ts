/**
 * The connections of this thread to one broker for the sake of limits: one for steps, one for what others have to say. All
 * sets of the same broker share them.
 *
 * Owns both connections. They are opened when first needed and closed when the last set is. While no set is busy they do not
 * keep the program alive, and are not opened again when they are lost.
 *
 * B1. A notice may be lost, as while the connection is away: `resync` tells each set to ask for itself once it is back.
 * B2. A step is sent again when its answer was lost, by `ioredis` or by who called; the script bears it.
 */
import { randomUUID } from "node:crypto";
import { type Connection, connect } from "../broker/connection.js";
import { keysOf } from "../broker/keys.js";
import type { ResolvedBroker } from "../../config/broker.js";
import type { Script } from "../broker/script.js";
import type { Notice } from "./answers.js";

/** A set as its line sees it. */
export interface LineUser {
  readonly holder: string;
  /** Whether somebody waits, not only for what was said to arrive. */
  readonly isWaiting: boolean;
  /** Others have granted it something, or tell it when to look again. */
  noticed(notice: Notice): void;
  /** Notices may have been lost. */
  resync(): void;
}

/** What is used of a connection of `ioredis` besides. */
interface Socket extends Connection {
  readonly stream?: { ref?(): void; unref?(): void };
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  on(event: "ready" | "close" | "end" | "connect", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

const lines = new Map<string, BrokerLine>();

export class BrokerLine {
  readonly #broker: ResolvedBroker;
  readonly #id = randomUUID();
  readonly #channels: string;
  readonly #users = new Map<string, LineUser>();
  readonly #busy = new Set<LineUser>();
  #steps: Socket | undefined;
  #notices: Socket | undefined;
  /** What rejects the steps that are under way. */
  readonly #unanswered = new Set<(error: Error) => void>();
  #connectedSince = Number.POSITIVE_INFINITY;
  #holders = 0;

  private constructor(broker: ResolvedBroker) {
    this.#broker = broker;
    this.#channels = keysOf(broker.prefix).of("limits", "notices", "");
  }

  /** The one of this thread for that broker. */
  static of(broker: ResolvedBroker): BrokerLine {
    const name = JSON.stringify(broker);
    let line = lines.get(name);
    if (!line) lines.set(name, (line = new BrokerLine(broker)));
    return line;
  }

  /** A name for a holder that no other has. */
  name(): string {
    this.#holders += 1;
    return `${this.#id}/${this.#holders}`;
  }

  add(user: LineUser): void {
    this.#users.set(user.holder, user);
  }

  /** It needs the line no more: the last one closes it. */
  remove(user: LineUser): void {
    this.#users.delete(user.holder);
    this.setBusy(user, false);
    if (this.#users.size > 0) return;
    this.#drop();
  }

  /** Whether it waits for something: then the program goes on. */
  setBusy(user: LineUser, isBusy: boolean): void {
    const wasBusy = this.#busy.size > 0;
    if (isBusy) this.#busy.add(user);
    else this.#busy.delete(user);
    if (wasBusy !== this.#busy.size > 0) this.#keepAlive();
  }

  /** Whether the connection has been up for so many ms without a break. */
  hasBeenUpFor(ms: number): boolean {
    return performance.now() - this.#connectedSince > ms;
  }

  /** Makes a step; rejects with what the server answered, or when the connection was given up. */
  async run(step: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<string> {
    this.#open();
    const connection = this.#steps!;
    return new Promise((resolve, reject) => {
      this.#unanswered.add(reject);
      void step
        .run(connection, keys, [...args, this.#channels])
        .then((answer) => resolve(answer as string), reject)
        .finally(() => this.#unanswered.delete(reject));
    });
  }

  #open(): void {
    if (this.#steps) return;
    const steps = connect(this.#broker, "limits") as Socket;
    const notices = connect(this.#broker, "limits-notices") as Socket;
    this.#steps = steps;
    this.#notices = notices;
    steps.on("ready", () => {
      this.#connectedSince = performance.now();
    });
    notices.on("ready", () => this.#resync());
    notices.on("message", (_channel, message) => {
      const notice = readNotice(message);
      if (notice) this.#users.get(notice.holder)?.noticed(notice);
    });
    for (const connection of [steps, notices]) {
      connection.on("connect", () => this.#keepAlive());
      connection.on("close", () => this.#closed(connection));
    }
    // Subscribes anew by itself whenever the connection comes back.
    void notices.call("subscribe", this.#channels + this.#id).then(
      () => this.#resync(),
      () => {},
    );
    this.#keepAlive();
  }

  // B1
  #resync(): void {
    for (const user of Array.from(this.#users.values())) user.resync();
  }

  #closed(connection: Socket): void {
    if (connection === this.#steps) this.#connectedSince = Number.POSITIVE_INFINITY;
    else if (connection !== this.#notices) return;
    for (const user of Array.from(this.#busy)) if (!user.isWaiting) this.#busy.delete(user);
    if (this.#busy.size === 0) this.#drop();
  }

  #keepAlive(): void {
    for (const connection of [this.#steps, this.#notices]) {
      if (this.#busy.size > 0) connection?.stream?.ref?.();
      else connection?.stream?.unref?.();
    }
  }

  #drop(): void {
    const connections = [this.#steps, this.#notices];
    this.#steps = undefined;
    this.#notices = undefined;
    this.#connectedSince = Number.POSITIVE_INFINITY;
    for (const connection of connections) connection?.disconnect();
    // One that waits to connect again forgets what waits for it.
    for (const reject of this.#unanswered) reject(new Error("The connection was given up as nobody waited for it"));
    this.#unanswered.clear();
  }
}

/** Nothing, when it is none of ours: who can write to the broker may publish anything. */
function readNotice(message: string): Notice | undefined {
  try {
    const notice = JSON.parse(message) as Notice | null;
    return notice !== null && Array.isArray(notice.granted) ? notice : undefined;
  } catch {
    return undefined;
  }
}
