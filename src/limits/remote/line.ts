import type { ServerAdvice } from "../headers/read-headers.js";
import type { Outcome } from "../limit.js";
import type { Amounts } from "../grant.js";

/** A grant: by the request that led to it, or by the call that it was taken for before a worker was given that. */
export type GrantName = { readonly request: number } | { readonly call: number };

/** What a worker elsewhere says to the owner of its limits. `request` numbers what is answered, and the grant it leads to. */
export type LimitMessage =
  | {
      readonly what: "acquire";
      readonly request: number;
      readonly amounts: Amounts | undefined;
      /** The call that asks. */
      readonly owner: string | undefined;
      /** Whether that call holds something already, which it may have taken without asking. */
      readonly isHolder: boolean;
      readonly timeout: number | undefined;
      readonly priority: number | undefined;
      readonly key: string | undefined;
    }
  | {
      readonly what: "try";
      readonly request: number;
      readonly amounts: Amounts | undefined;
      readonly owner: string | undefined;
      readonly isHolder: boolean;
    }
  /** Waits no more. */
  | { readonly what: "leave"; readonly request: number }
  /** What was granted begins now, by the clock of the machine. */
  | { readonly what: "began"; readonly request: number; readonly at: number }
  | ({ readonly what: "update"; readonly usage: Amounts } & GrantName)
  | ({ readonly what: "release"; readonly outcome: Outcome } & GrantName)
  /** Of one set, or of all. */
  | { readonly what: "pause"; readonly set: number | undefined; readonly ms: number }
  | { readonly what: "learn"; readonly set: number | undefined; readonly advice: ServerAdvice }
  /** Others may take something of this set now. */
  | { readonly what: "poke"; readonly set: number }
  /** A worker inside this one counts what it holds of this set in rows of its own; they end with this one, if not before. */
  | { readonly what: "lent" | "returned"; readonly set: number; readonly rows: readonly number[] }
  /** Who speaks: what this thread writes into locks. */
  | { readonly what: "hello"; readonly thread: number };

/** What the owner answers. */
export type LimitReply =
  | { readonly what: "granted"; readonly request: number; readonly set: number; readonly taken: readonly number[] }
  /** There was not enough for a `try`. */
  | { readonly what: "none"; readonly request: number }
  /** `error` as the wire carries errors. */
  | { readonly what: "failed"; readonly request: number; readonly error: unknown }
  /** Of this limit of this set so much can be taken at most from now on. */
  | { readonly what: "resized"; readonly set: number; readonly limit: number; readonly largest: number };
