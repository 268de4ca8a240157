/** Whether a result is acceptable: asks the functions and schemas of `until`. */
import { show } from "../config/show.js";

/** What a function of `until` is told beside the result. */
export interface ResultContext {
  /** Which attempt returned it, from 1. */
  readonly attempt: number;
  /** The time since the call was made, in ms. */
  readonly elapsed: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Accepts with `true` or nothing; refuses with `false` or with the reason. */
export type ResultVerdict = boolean | string | void;

/**
 * Looks at a result. Written as a method, so that it may declare the type of result that it expects, as in
 * `(text: string) => text.length > 0`.
 */
export type ResultValidator = {
  validate(result: unknown, context: ResultContext): ResultVerdict | PromiseLike<ResultVerdict>;
}["validate"];

/** The part of a Standard Schema (standardschema.dev) that is needed here. */
export interface ResultSchema {
  readonly "~standard": { validate(value: unknown): SchemaOutcome | PromiseLike<SchemaOutcome> };
}

interface SchemaOutcome {
  readonly issues?: readonly SchemaIssue[] | undefined;
}

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a result must satisfy. */
export type RetryUntil = ResultValidator | ResultSchema;

/** Why a result is refused; nothing when it is acceptable. */
type Refusal = string | undefined;

/** Tells a schema from a function, which some schemas are as well. */
export function isSchema(value: unknown): value is ResultSchema {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "~standard" in value;
}

/**
 * Returns why a result is refused, or nothing when it is acceptable.
 *
 * Asks in order and as far as one refuses, so that a later one may rely on what an earlier one made sure of. The answer
 * is a promise only where one of those asked answers with a promise.
 *
 * @param index - the first to ask. Default: 0
 * @throws {TypeError} when a function answers with anything else; and whatever it throws
 */
export function refusalOf(
  result: unknown,
  context: ResultContext,
  until: readonly RetryUntil[],
  index = 0,
): Refusal | Promise<Refusal> {
  const entry = until[index];
  if (entry === undefined) return undefined;
  const refusal = ask(entry, result, context, index);
  const goOn = (reason: Refusal): Refusal | Promise<Refusal> => reason ?? refusalOf(result, context, until, index + 1);
  return typeof refusal === "object" ? refusal.then(goOn) : goOn(refusal);
}

function ask(entry: RetryUntil, result: unknown, context: ResultContext, index: number): Refusal | Promise<Refusal> {
  if (isSchema(entry)) return whenKnown(entry["~standard"].validate(result), describeIssues);
  return whenKnown(entry(result, context), (verdict) => reasonOf(verdict, entry, context, index));
}

function whenKnown<T>(value: T | PromiseLike<T>, read: (value: T) => Refusal): Refusal | Promise<Refusal> {
  return isPromiseLike(value) ? Promise.resolve(value).then(read) : read(value);
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function reasonOf(verdict: unknown, validator: ResultValidator, context: ResultContext, index: number): Refusal {
  if (verdict === true || verdict === undefined) return undefined;
  if (typeof verdict === "string" && verdict !== "") return verdict;
  if (verdict === false || verdict === "") {
    return `'${validator.name || `until[${index}]`}' returned ${verdict === false ? "false" : "an empty reason"}`;
  }
  throw new TypeError(
    `Cannot tell whether a result of '${context.method}' is acceptable as a function of 'until' must return a boolean, ` +
      `a string or nothing: current value is ${show(verdict)}`,
  );
}

function describeIssues({ issues }: SchemaOutcome): Refusal {
  return issues?.map(describeIssue).join("; ");
}

function describeIssue({ message, path }: SchemaIssue): string {
  const steps = path?.map((step) => String(typeof step === "object" ? step.key : step));
  return steps && steps.length > 0 ? `${message} at '${steps.join(".")}'` : message;
}
