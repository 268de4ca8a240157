// The main use on one page: many calls of an HTTP API that allows so many requests and tokens in a time, and fails at times.
// A call declares what it may cost, says afterwards what it took, learns from each response, and is made again when it failed.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { CallLimit, RateLimit } from "manyhands";
import { ClientWorker, HttpError } from "./43-http-api.worker.js";

// The API: 25 requests and 1,000 tokens in each half second of its own clock, and an outage for each tenth prompt.
const WINDOW_MS = 500;
const ALLOWED = { requests: 25, tokens: 1000 };
const seen = { answered: 0, failed: 0, refused: 0 };
const failedOnce = new Set<string>();
const windowStart = performance.now();
let window = 0;
let left = { ...ALLOWED };

function answer(prompt: string, response: ServerResponse): void {
  const tokens = 2 * prompt.length;
  const elapsed = performance.now() - windowStart;
  if (Math.floor(elapsed / WINDOW_MS) > window) {
    window = Math.floor(elapsed / WINDOW_MS);
    left = { ...ALLOWED };
  }
  const reset = `${Math.ceil((window + 1) * WINDOW_MS - elapsed)}ms`;
  const isAllowed = left.requests >= 1 && left.tokens >= tokens;
  if (isAllowed) left = { requests: left.requests - 1, tokens: left.tokens - tokens };
  response.setHeader("x-ratelimit-remaining-requests", left.requests);
  response.setHeader("x-ratelimit-reset-requests", reset);
  response.setHeader("x-ratelimit-remaining-tokens", left.tokens);
  response.setHeader("x-ratelimit-reset-tokens", reset);
  if (!isAllowed) {
    seen.refused += 1;
    response.writeHead(429, { "retry-after-ms": reset.slice(0, -2) }).end();
  } else if (prompt.endsWith("0") && !failedOnce.has(prompt)) {
    failedOnce.add(prompt);
    seen.failed += 1;
    response.writeHead(503).end();
  } else {
    seen.answered += 1;
    response.end(JSON.stringify({ text: prompt.toUpperCase(), tokens }));
  }
}

const server = createServer((request, response) => void text(request).then((prompt) => answer(prompt, response)));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;

// Requests wait on their way, so that the server sees them closer together than they were sent: 5 % are left for that.
await using pool = ClientWorker.options({
  mode: "async",
  limits: [
    new CallLimit({ capacity: 0.95 * ALLOWED.requests, window: WINDOW_MS }),
    new RateLimit({ key: "tokens", capacity: 0.95 * ALLOWED.tokens, window: WINDOW_MS }),
  ],
  methods: {
    complete: {
      cost: (prompt) => ({ tokens: 3 * prompt.length }),
      usage: ({ tokens }) => ({ tokens }),
    },
  },
  retry: {
    retries: 5,
    wait: 50,
    on: ({ error }) => error instanceof HttpError && (error.status === 429 || error.status >= 500),
  },
}).init(`http://127.0.0.1:${port}`);

const prompts = Array.from({ length: 40 }, (_, index) => `prompt ${index + 1}`);
const calls = prompts.map((prompt) => pool.complete(prompt));
const answers = await Promise.all(calls);
server.close();
server.closeAllConnections();

console.log("answers:", answers.length, "the last:", answers.at(-1)?.text);
console.log(
  "tokens:",
  answers.reduce((sum, { tokens }) => sum + tokens, 0),
);
console.log("as the server has it:", seen.answered, "answered,", seen.failed, "failed and made again");
const attempts = calls.reduce((sum, call) => sum + call.attempts, 0);
console.log("each attempt reached it:", attempts === seen.answered + seen.failed + seen.refused);

// Output:
// answers: 40 the last: PROMPT 40
// tokens: 702
// as the server has it: 40 answered, 4 failed and made again
// each attempt reached it: true
