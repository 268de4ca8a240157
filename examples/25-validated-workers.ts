// Schemas of any library (here zod and valibot) check and coerce arguments and results on the caller's side, in every mode:
// what does not pass is not sent. Limits see the arguments as the schemas made them.
import { RateLimit, ValidationError } from "manyhands";
import { ApiWorker, type Endpoint } from "./25-validated-workers.worker.js";

await using pool = ApiWorker.options({
  mode: "process",
  maxWorkers: 3,
  limits: [new RateLimit({ key: "tokens", capacity: 1000, window: 3_600_000 })],
}).init("3");

const scaled = await Promise.all(Array.from({ length: 9 }, () => pool.scale("10")));
console.log(
  new Set(scaled.map(({ result }) => result)),
  "calls counted by each worker:",
  Math.max(...scaled.map((s) => s.calls)),
);

console.log(await pool.call({ path: "/users" }), "tokens:", pool.stats().limits[0]!.limits[0]!.inUse);

const dispatched = pool.stats().loadBalancer.dispatched;
const wrong = await pool.call({ path: 404 } as unknown as Endpoint).exception();
console.log(wrong instanceof ValidationError && wrong.message);
console.log("nothing was sent:", pool.stats().loadBalancer.dispatched === dispatched);

const tooLarge = await pool.scale(50).exception();
console.log(tooLarge instanceof ValidationError && tooLarge.issues[0]?.path);

try {
  ApiWorker.init("0");
} catch (error) {
  console.log(String(error));
}

// Output:
// Set(1) { 30 } calls counted by each worker: 3
// /users 3 tokens: 100
// Cannot call 'Api.call' as args[0].path is invalid: Expected string but received 404
// nothing was sent: true
// result.result
// ValidationError: Cannot construct 'Api' as args[0] is invalid: Too small: expected number to be >=1
