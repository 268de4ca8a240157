/**
 * Passes values through a schema of the user's. No message holds the value, which may be secret or huge: only what the
 * schema says of it, and keys of it, cut to a sensible length.
 */
import { ValidationError, type ValidationIssue } from "../errors.js";
import { issuePath } from "./issue-path.js";
import type { SchemaIssue, StandardSchema } from "./standard-schema.js";

/** What a schema is applied to, for messages. */
export interface ValidationSubject {
  /** The arguments of a method or a constructor, as one array, or the result of a method. */
  readonly kind: "args" | "init" | "result";
  /** The method, as in `Embedder.embed`, or for `init` the class. */
  readonly name: string;
}

/**
 * Returns what a schema makes of a value, or a promise of it when the schema is asynchronous.
 *
 * Arguments are validated as one array, by a schema of a tuple or an array, and are one afterwards. A schema with
 * asynchronous checks may still answer, and so throw, at once when the value fails before them.
 *
 * @throws {ValidationError} when the value does not pass, or the schema throws (see `cause`); an asynchronous schema
 *   rejects with it
 * @throws {TypeError} when the schema makes of arguments anything but an array, or does not keep to the standard; an
 *   asynchronous schema rejects with it
 */
export function validateValue(schema: StandardSchema, value: unknown, subject: ValidationSubject): unknown {
  const result = runSchema(schema, value, subject);
  if (!isThenable(result)) return readResult(result, subject);
  return Promise.resolve(result).then(
    (settled) => readResult(settled, subject),
    (thrown: unknown) => {
      throw schemaThrew(thrown, subject);
    },
  );
}

/**
 * Returns what a schema makes of a value at once, as for arguments of a constructor.
 *
 * @throws {ValidationError | TypeError} as `validateValue` does
 * @throws {TypeError} when the schema is asynchronous; zod makes any schema so when one of its checks throws
 */
export function validateValueSync(schema: StandardSchema, value: unknown, subject: ValidationSubject): unknown {
  const result = runSchema(schema, value, subject);
  if (!isThenable(result)) return readResult(result, subject);
  // Nobody will look at it, and it may reject.
  Promise.resolve(result).catch(() => {});
  throw new TypeError(
    `Cannot ${actionOf(subject)} as the schema of ${rootOf(subject)} must be synchronous: it returned a promise, which ` +
      `zod also does when a check or transform throws`,
  );
}

function runSchema(schema: StandardSchema, value: unknown, subject: ValidationSubject): unknown {
  try {
    return schema["~standard"].validate(value);
  } catch (thrown) {
    throw schemaThrew(thrown, subject);
  }
}

function readResult(result: unknown, subject: ValidationSubject): unknown {
  if (typeof result !== "object" || result === null) throw brokenSchema(subject, `it returned ${typeName(result)}`);
  const { issues } = result as { readonly issues?: unknown };
  if (issues !== undefined && issues !== null) throw invalid(issues, subject);
  if (!("value" in result)) throw brokenSchema(subject, "it returned neither a value nor issues");
  const { value } = result;
  if (subject.kind !== "result" && !Array.isArray(value)) {
    throw new TypeError(
      `Cannot ${actionOf(subject)} as the schema of args must be of a tuple or an array: it returned ${typeName(value)}`,
    );
  }
  return value;
}

function invalid(found: unknown, subject: ValidationSubject): Error {
  if (!Array.isArray(found) || !found.every(isIssue)) {
    return brokenSchema(subject, "it returned issues without message or path");
  }
  const root = rootOf(subject);
  const issues = found.map(({ path, message }): ValidationIssue => ({ path: issuePath(root, path ?? []), message }));
  // A schema may refuse and not say why.
  const first = issues[0] ?? { path: root, message: "the schema gave no reason" };
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return new ValidationError(
    `Cannot ${actionOf(subject)} as ${first.path} is invalid: ${withoutEcho(first.message)}${more}`,
    { subject: describe(subject), issues: issues.length > 0 ? issues : [first] },
  );
}

function isIssue(issue: unknown): issue is SchemaIssue {
  if (typeof issue !== "object" || issue === null) return false;
  const { message, path } = issue as { readonly message?: unknown; readonly path?: unknown };
  return typeof message === "string" && (path === undefined || path === null || Array.isArray(path));
}

/** Drops what "is invalid: " has said already, as zod and valibot begin with it. */
function withoutEcho(message: string): string {
  return message.replace(/^Invalid (?:input|type): /, "");
}

function schemaThrew(thrown: unknown, subject: ValidationSubject): ValidationError {
  const path = rootOf(subject);
  const message = "the schema threw an error";
  return new ValidationError(
    `Cannot ${actionOf(subject)} as the schema of ${path} threw an error: see its cause`,
    { subject: describe(subject), issues: [{ path, message }] },
    { cause: thrown },
  );
}

function brokenSchema(subject: ValidationSubject, what: string): TypeError {
  return new TypeError(
    `Cannot ${actionOf(subject)} as the schema of ${rootOf(subject)} must answer as Standard Schema v1 says: ${what}`,
  );
}

function actionOf({ kind, name }: ValidationSubject): string {
  switch (kind) {
    case "args":
      return `call '${name}'`;
    case "init":
      return `construct '${name}'`;
    case "result":
      return `take the result of '${name}'`;
  }
}

function rootOf({ kind }: ValidationSubject): "args" | "result" {
  return kind === "result" ? "result" : "args";
}

function describe(subject: ValidationSubject): string {
  return `${subject.kind === "init" ? "constructor args" : rootOf(subject)} of '${subject.name}'`;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
