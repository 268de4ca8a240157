// One answer of an assistant needs a cache read, a user profile, three search shards and a policy lookup. They start
// together and are joined; the shards go through a semaphore, each service has one client that is used again, and each
// call has a deadline of its own. What fails is seen in the answer, and does not take the rest with it.
import { setTimeout as sleep } from "node:timers/promises";
import { gather, ResourcePool, Semaphore } from "manyhands";

/** A service that answers after some ms, if the signal does not fire before. */
class ServiceClient {
  static made = 0;
  readonly service: string;

  constructor(service: string) {
    ServiceClient.made += 1;
    this.service = service;
  }

  async get(what: string, ms: number, signal: AbortSignal): Promise<string> {
    await sleep(ms, undefined, { signal });
    if (what === "broken") throw new Error(`${this.service} answered 500`);
    return `${this.service}: ${what}`;
  }

  close(): void {}
}

/** One pool for each service, shared by all requests: nobody makes a client for a single request. */
function clientOf(service: string, max: number): ResourcePool<ServiceClient> {
  return new ResourcePool({
    name: service,
    create: () => new ServiceClient(service),
    destroy: (client) => client.close(),
    max,
  });
}

await using cache = clientOf("cache", 2);
await using profiles = clientOf("profiles", 2);
await using shards = clientOf("shards", 2);
await using policies = clientOf("policies", 2);

/** At most two shard queries at once, of all requests together. */
const shardSlots = new Semaphore(2, { name: "shards" });

interface Plan {
  readonly what: string;
  readonly ms: number;
}

/** One call of a service: its deadline covers the wait for a client as well. */
async function fetchFrom(pool: ResourcePool<ServiceClient>, { what, ms }: Plan, deadline: number): Promise<string> {
  const signal = AbortSignal.timeout(deadline);
  return pool.use((client) => client.get(what, ms, signal), { signal });
}

let shardsRunning = 0;
let mostShards = 0;

function searchShard(plan: Plan): Promise<string> {
  return shardSlots.run(
    async () => {
      mostShards = Math.max(mostShards, ++shardsRunning);
      try {
        return await fetchFrom(shards, plan, 400);
      } finally {
        shardsRunning -= 1;
      }
    },
    { timeout: 1000 },
  );
}

interface Answer {
  readonly parts: Readonly<Record<string, string>>;
  /** What is missing, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

/** Everything for one answer. */
async function collect(user: string, shardPlans: readonly [Plan, Plan, Plan]): Promise<Answer> {
  const [first, second, third] = shardPlans;
  const results = await gather(
    {
      cache: fetchFrom(cache, { what: "miss", ms: 1 }, 200),
      profile: fetchFrom(profiles, { what: user, ms: 5 }, 2000),
      shard1: searchShard(first),
      shard2: searchShard(second),
      shard3: searchShard(third),
      policy: fetchFrom(policies, { what: "may answer", ms: 5 }, 2000),
    },
    { returnExceptions: true, timeout: 10_000 },
  );
  const parts: Record<string, string> = {};
  const missing: Record<string, string> = {};
  for (const [name, result] of Object.entries(results)) {
    if (result instanceof Error) missing[name] = result.name === "Error" ? result.message : result.name;
    else parts[name] = result;
  }
  return { parts, missing };
}

const good: readonly [Plan, Plan, Plan] = [
  { what: "doc 1", ms: 10 },
  { what: "doc 2", ms: 10 },
  { what: "doc 3", ms: 10 },
];
const whole = await collect("ada", good);
console.log("whole:", Object.values(whole.parts).join(", "));

// One shard is broken, one is so slow that its deadline passes: the answer says so, and has the rest.
const partial = await collect("grace", [
  { what: "doc 1", ms: 10 },
  { what: "broken", ms: 10 },
  { what: "doc 3", ms: 60_000 },
]);
console.log("partial:", Object.values(partial.parts).join(", "));
console.log("missing:", partial.missing);

await Promise.all(Array.from({ length: 20 }, (_, id) => collect(`user ${id}`, good)));
console.log(`22 answers, at most ${mostShards} shard queries at once, at most 8 clients: ${ServiceClient.made <= 8}`);

// Output:
// whole: cache: miss, profiles: ada, shards: doc 1, shards: doc 2, shards: doc 3, policies: may answer
// partial: cache: miss, profiles: grace, shards: doc 1, policies: may answer
// missing: { shard2: 'shards answered 500', shard3: 'AbortError' }
// 22 answers, at most 2 shard queries at once, at most 8 clients: true
