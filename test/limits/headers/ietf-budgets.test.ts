import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as structuredHeaders from "structured-headers";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ManyhandsError } from "../../../dist/errors.js";
import type { StructuredHeaders } from "../../../dist/limits/headers/ietf-budgets.js";
import { type HeadersLike, readHeaders, type ServerBudget } from "../../../dist/limits/headers/read-headers.js";

const NOW = Date.parse("2024-03-26T19:59:59Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A budget of which only some is known. */
function budget(key: string | undefined, parts: Partial<ServerBudget>): ServerBudget {
  const unit = key === undefined ? {} : { unit: "requests" };
  return { key, ...unit, limit: undefined, remaining: undefined, resetAfter: undefined, window: undefined, ...parts };
}

function budgetsIn(headers: HeadersLike): readonly ServerBudget[] {
  return readHeaders(headers, NOW).budgets;
}

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

describe("ietfBudgets", () => {
  it.each<[server: string, headers: HeadersLike, budgets: ServerBudget[]]>([
    [
      "Docker Hub",
      { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" },
      [{ key: undefined, limit: 100, remaining: 76, resetAfter: undefined, window: 6 * HOUR }],
    ],
    [
      "IETF draft 3",
      { "ratelimit-limit": '10, 50;w=60, 10;comment="a;b";w=1', "ratelimit-remaining": "9", "ratelimit-reset": "50" },
      [{ key: undefined, limit: 10, remaining: 9, resetAfter: 50 * SECOND, window: SECOND }],
    ],
    [
      "IETF draft 6",
      {
        "ratelimit-policy": "100;w=60, 5000;w=3600",
        "ratelimit-limit": "100",
        "ratelimit-remaining": "50",
        "ratelimit-reset": "30",
      },
      [
        { key: undefined, limit: 100, remaining: 50, resetAfter: 30 * SECOND, window: MINUTE },
        budget(undefined, { limit: 5000, window: HOUR }),
      ],
    ],
    [
      "IETF draft 7",
      { "ratelimit-policy": "100;w=60", ratelimit: "limit=100, remaining=50, reset=5" },
      [{ key: undefined, limit: 100, remaining: 50, resetAfter: 5 * SECOND, window: MINUTE }],
    ],
    [
      "IETF draft 7 without a policy or a limit",
      { ratelimit: "remaining=50, reset=5" },
      [budget(undefined, { remaining: 50, resetAfter: 5 * SECOND })],
    ],
    [
      "IETF draft 7 with a policy, and without a limit",
      { "ratelimit-policy": "100;w=60", ratelimit: "remaining=50, reset=5" },
      [{ key: undefined, limit: 100, remaining: 50, resetAfter: 5 * SECOND, window: MINUTE }],
    ],
    [
      "IETF draft 7 with policies, and without a limit to tell which",
      { "ratelimit-policy": "100;w=60, 5000;w=3600", ratelimit: "remaining=50" },
      [
        budget(undefined, { remaining: 50 }),
        budget(undefined, { limit: 100, window: MINUTE }),
        budget(undefined, { limit: 5000, window: HOUR }),
      ],
    ],
    [
      "IETF draft 10",
      { "ratelimit-policy": '"burst";q=100;w=60,"daily";q=1000;w=86400', ratelimit: '"daily";r=50;t=30' },
      [
        { key: "daily", unit: "requests", limit: 1000, remaining: 50, resetAfter: 30 * SECOND, window: DAY },
        budget("burst", { limit: 100, window: MINUTE }),
      ],
    ],
    [
      "IETF draft 10 without a policy of that name",
      { "ratelimit-policy": '"burst";q=100;w=60', ratelimit: '"default";r=50' },
      [budget("default", { remaining: 50 }), budget("burst", { limit: 100, window: MINUTE })],
    ],
    [
      "IETF draft 10 in several lines",
      { "RateLimit-Policy": ['"a";q=1;w=1', '"b";q=2;w=2'], RateLimit: ['"b";r=2;t=-2', '"a";r=0.5;t=0.5'] },
      [
        { key: "b", unit: "requests", limit: 2, remaining: 2, resetAfter: 0, window: 2 * SECOND },
        { key: "a", unit: "requests", limit: 1, remaining: 0.5, resetAfter: 0.5 * SECOND, window: SECOND },
      ],
    ],
    [
      "express-rate-limit, with a partition key",
      {
        "ratelimit-policy": '"100-in-1min"; q=100; w=60; pk=:NzQxYWVmNGI3NzBk:',
        ratelimit: '"100-in-1min"; r=99; t=60',
      },
      [{ key: "100-in-1min", unit: "requests", limit: 100, remaining: 99, resetAfter: MINUTE, window: MINUTE }],
    ],
    [
      "a server with names in no quotes",
      { "ratelimit-policy": "default;q=100;w=10", ratelimit: "default;r=1;t=2" },
      [{ key: "default", unit: "requests", limit: 100, remaining: 1, resetAfter: 2 * SECOND, window: 10 * SECOND }],
    ],
    [
      "a server that speaks of its limit in old and new headers, the new going first",
      { ratelimit: '"default";r=1;t=2', "ratelimit-limit": "100", "ratelimit-remaining": "7", "ratelimit-reset": "2" },
      [budget("default", { remaining: 1, resetAfter: 2 * SECOND })],
    ],
    [
      "a server whose new headers cannot be read",
      { ratelimit: "default;", "ratelimit-limit": "100", "ratelimit-remaining": "7" },
      [budget(undefined, { limit: 100, remaining: 7 })],
    ],
  ])("reads the headers of %s", (_server, headers, budgets) => {
    expect(budgetsIn(headers)).toEqual(budgets);
  });

  it.each<[policy: string, left: string]>([
    ['"default', '"default";r='],
    ['"default";q=many', '"default";r=many;t=soon'],
    ['"default";q=-1', '"default"'],
    ["limit=100", "limit=-1, remaining=5"],
    ["(1 2);q=5", "(1 2);r=5"],
    ["?1;q=5", "limit=(1 2)"],
    ["", ""],
  ])("says nothing of 'ratelimit-policy: %s' and 'ratelimit: %s'", (policy, left) => {
    expect(budgetsIn({ "ratelimit-policy": policy, ratelimit: left })).toEqual([]);
  });

  it("needs of 'structured-headers' no more than it has", () => {
    expectTypeOf<typeof structuredHeaders>().toExtend<StructuredHeaders>();
  });

  it("asks for 'structured-headers' only when there is something for it to read", async () => {
    const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
    try {
      // The built files where that package is not installed.
      for (const part of ["errors.js", "limits", "linked"]) {
        cpSync(join("dist", part), join(folder, "dist", part), { recursive: true });
      }
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      const url = pathToFileURL(join(folder, "dist/limits/headers/read-headers.js")).href;
      const alone = (await import(url)) as { readHeaders: typeof readHeaders };
      const plain = { "retry-after": "5", "x-ratelimit-limit": "5", "ratelimit-limit": "100;w=60" };
      expect(alone.readHeaders(plain, NOW)).toEqual(readHeaders(plain, NOW));
      for (const name of ["RateLimit", "RateLimit-Policy"]) {
        const error = thrownBy(() => alone.readHeaders({ [name]: '"default";q=5;r=5' }, NOW));
        expect(ManyhandsError.is(error) && error.code).toBe("MH_MISSING_PACKAGE");
        expect((error as Error).message).toBe(
          "Cannot read the RateLimit header as the package 'structured-headers' is not installed: npm install structured-headers",
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
