/** Ways to have `echo` run in another process by way of a broker. */

/** Times of calls, each made when the one before was answered, in ms. */
export interface SerialTimes {
  readonly p50: number;
  readonly p95: number;
}

export interface Throughput {
  readonly calls: number;
  /** In ms. */
  readonly took: number;
}

/** One that is ready to be called. */
export interface RemoteClient {
  serial(calls: number): Promise<SerialTimes>;
  /** Makes calls for `ms`, so many in flight. */
  throughput(inFlight: number, ms: number): Promise<Throughput>;
  /** The processes that work for it, beside Redis and what they started. */
  readonly processes: readonly number[];
  /** Whether this process is its caller. */
  readonly isCalledHere: boolean;
  close(): Promise<void>;
}

export interface RemotePeer {
  readonly name: string;
  /** @throws {Error} where it is not installed */
  open(redisUrl: string): Promise<RemoteClient>;
}

/** What travels there and back. */
export interface Message {
  readonly x: number;
}

/** For peers that are called from this process. */
export function calledHere(
  call: (message: Message) => PromiseLike<unknown>,
  processes: readonly (number | undefined)[],
  close: () => Promise<void>,
): RemoteClient {
  let last = 0;
  const one = async (): Promise<void> => {
    const x = ++last;
    const answer = (await call({ x })) as Message;
    if (answer.x !== x) throw new Error(`Cannot count call ${x} as its result is wrong: ${JSON.stringify(answer)}`);
  };
  return {
    serial: async (calls) => {
      const times: number[] = [];
      for (let index = 0; index < calls; index += 1) {
        const start = performance.now();
        await one();
        times.push(performance.now() - start);
      }
      times.sort((a, b) => a - b);
      return { p50: times[Math.floor(calls * 0.5)]!, p95: times[Math.floor(calls * 0.95)]! };
    },
    throughput: async (inFlight, ms) => {
      const start = performance.now();
      const end = start + ms;
      let answered = 0;
      const lane = async (): Promise<void> => {
        while (performance.now() < end) {
          await one();
          answered += 1;
        }
      };
      await Promise.all(Array.from({ length: inFlight }, lane));
      return { calls: answered, took: performance.now() - start };
    },
    processes: processes.filter((pid) => pid !== undefined),
    isCalledHere: true,
    close,
  };
}
