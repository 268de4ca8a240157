import { describe, expect, it } from "vitest";
import { decodeFailure, encodeFailure } from "../../dist/wire/error-codec.js";

function trip(error: Error): Record<string, unknown> {
  const sent = structuredClone(encodeFailure(error, () => true));
  return decodeFailure(sent, () => undefined, "frame") as Record<string, unknown>;
}

describe("what `fetch` left on an error", () => {
  it("arrives with its headers, as plain data", () => {
    const headers = new Headers({ "Retry-After": "3" });
    const response = new Response(null, { status: 429, statusText: "Too Many Requests", headers });
    const arrived = trip(Object.assign(new Error("no luck"), { headers, response }));
    expect(arrived.headers).toEqual({ "retry-after": "3" });
    expect(arrived.response).toEqual({
      status: 429,
      statusText: "Too Many Requests",
      url: "",
      headers: { "retry-after": "3" },
    });
  });
});
