// @ts-check
// A process that holds a connection of a shared set, and waits for another: <url> <prefix> <lease> <how>. Where how is
// "end" it holds nothing in the end, closes nothing, and has nothing more to do.
import { ResourceLimit } from "manyhands";
import { SharedLimitSet } from "manyhands/distributed";

const [url, prefix, lease, how] = process.argv.slice(2);
const broker = { url, prefix, lease: Number(lease) };
const set = new SharedLimitSet("held", [new ResourceLimit({ key: "connections", capacity: 2 })], { broker });
const grant = await set.acquire({ connections: 2 });
process.stdout.write("held\n");
if (how === "end") grant.release();
else await set.acquire();
process.stdout.write("granted\n");
