/** A client and a server of limits, with a line between them that a test carries by hand. */
import type { LimitSource } from "../../dist/limits/limit-source.js";
import { LimitClient } from "../../dist/limits/remote/limit-client.js";
import { LimitServer } from "../../dist/limits/remote/limit-server.js";
import type { LimitMessage, LimitReply } from "../../dist/limits/remote/line.js";
import { turn } from "./fake-clock.js";

/** A line that keeps everything until it is told to carry it, one way or both. */
export class Line {
  readonly up: LimitMessage[] = [];
  readonly down: LimitReply[] = [];
  readonly server: LimitServer;
  readonly client: LimitClient;
  isOpen = true;

  constructor(source: LimitSource, isThread = false) {
    // As a process: what is an object on one side is another on the other.
    const send = <T>(box: T[], message: T): void => void (this.isOpen && box.push(structuredClone(message)));
    this.server = new LimitServer(source, isThread, {
      send: (reply) => send(this.down, reply),
      encode: (error) => ({ message: (error as Error).message, name: (error as Error).name }),
    });
    const { ticket } = this.server;
    this.client = new LimitClient(
      isThread ? ticket : structuredClone(ticket),
      {
        send: (message) => send(this.up, message),
        decode: (error) => Object.assign(new Error(), error),
      },
      4711,
    );
  }

  carryUp(): void {
    for (const message of this.up.splice(0)) {
      // Both sides are in one process here: by another name the owner knows no more than it would of a real worker.
      const owner = "owner" in message && message.owner !== undefined ? { owner: `far ${message.owner}` } : {};
      this.server.receive({ ...message, ...owner });
    }
  }

  carryDown(): void {
    for (const reply of this.down.splice(0)) this.client.receive(reply);
  }

  /** Carries all there is, and what comes of it. */
  async carry(): Promise<void> {
    do {
      this.carryUp();
      await turn();
      this.carryDown();
      await turn();
    } while (this.up.length + this.down.length > 0);
  }
}
