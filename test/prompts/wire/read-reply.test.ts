import { expect, it } from "vitest";
import { LONGEST_BODY, readBody, readErrorText } from "../../../dist/prompts/wire/read-reply.js";
import type { HttpReply } from "../../../dist/prompts/wire/transport.js";

/** A body that is one chunk, again and again; counts how often it was taken. */
function endless(chunk: Uint8Array): { readonly reply: HttpReply; taken: number } {
  const state = {
    taken: 0,
    reply: {
      status: 200,
      headers: {},
      header: () => "",
      discard: () => {},
      read: async (onChunk: (chunk: Uint8Array) => boolean | void) => {
        do state.taken += 1;
        while (onChunk(chunk) !== true);
      },
    },
  };
  return state;
}

it("a body is read up to a bound", async () => {
  const chunk = new Uint8Array(LONGEST_BODY / 8);
  const body = endless(chunk);
  await expect(readBody(body.reply)).rejects.toThrow("the response is longer than 64 MiB");
  expect(body.taken).toBe(9);
});

it("the body of an error is read as far as anybody would", async () => {
  const body = endless(new TextEncoder().encode("x".repeat(10_000)));
  expect(await readErrorText(body.reply)).toHaveLength(70_000);
  expect(body.taken).toBe(7);
});
