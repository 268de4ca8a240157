/** A caller with workers on simulated nodes. */
import { DEFINITION } from "./simulated-nodes.js";
import { Membership, resolveBroker } from "./internals.js";

/** Placed at once. */
const AT_ONCE = 16;
const NEED = { cpus: 1, memory: 0, resources: {} };
const OPEN = 1;
const DATA = 2;

export interface SimulatedCaller {
  readonly workers: ReadonlyMap<string, string>;
  /** Asks for places for so many workers. */
  place(count: number): Promise<void>;
  /** For `ms`, sends records and takes them back, so many under way: a worker that answers is sent the next. */
  exchange(inFlight: number, bytes: number, ms: number): Promise<{ readonly records: number; readonly took: number }>;
  close(): Promise<void>;
}

export interface CallerEvents {
  /** A node that has workers of this caller is known to be dead. */
  died(node: string): void;
}

export async function openCaller(
  broker: { readonly url: string; readonly prefix: string },
  name: string,
  events: CallerEvents,
): Promise<SimulatedCaller> {
  /** Worker → node. */
  const workers = new Map<string, string>();
  let answered: ((worker: string) => void) | undefined;
  const membership = await Membership.open(resolveBroker(broker), {
    waiting: () => [],
    heard: ({ dead }) => {
      for (const { node } of dead) {
        for (const [worker, its] of workers) if (its === node) workers.delete(worker);
        events.died(node);
      }
    },
    received: (records) => {
      if (answered) for (const { link, kind } of records) if (kind === DATA) answered(link);
    },
    broken: () => {},
    lost: (error) => {
      throw error;
    },
  });
  const { members, id } = membership;
  let last = 0;
  const placeOne = async (): Promise<void> => {
    const worker = `${name}-${(last += 1)}`;
    const placement = await members.place({ worker, owner: id, need: NEED, ...DEFINITION });
    if (!("node" in placement)) throw new Error(`Cannot place worker ${last}: ${placement.missing.text}`);
    workers.set(worker, placement.node);
    membership.send(placement.node, { link: worker, kind: OPEN, payload: Buffer.from(worker) });
  };
  return {
    workers,
    place: async (count) => {
      let left = count;
      const lane = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await placeOne();
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
    },
    exchange: async (inFlight, bytes, ms) => {
      const payload = Buffer.alloc(bytes);
      const start = performance.now();
      const all = [...workers.keys()];
      let records = 0;
      await new Promise<void>((resolve) => {
        const send = (link: string): void => {
          membership.send(workers.get(link)!, { link, kind: DATA, payload });
        };
        let underWay = inFlight;
        answered = (link) => {
          records += 1;
          if (performance.now() - start < ms) send(link);
          else if (--underWay === 0) resolve();
        };
        for (let index = 0; index < inFlight; index += 1) send(all[index % all.length]!);
      });
      answered = undefined;
      return { records, took: performance.now() - start };
    },
    close: () => membership.close(),
  };
}
