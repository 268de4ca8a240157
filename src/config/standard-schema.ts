/**
 * Schemas of any library, through the interface they share: Standard Schema v1 (https://standardschema.dev), which zod,
 * valibot, arktype and others implement. Declared here, as its specification invites to, so that users of these types
 * need no package of it.
 */

/** A schema of zod, valibot, arktype or any other library that implements Standard Schema v1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    /** The library, as in `"zod"`. */
    readonly vendor: string;
    /** Tells what a value becomes, or what is wrong with it; in a promise when the schema is asynchronous. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Never there at run time. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema answers; there are `issues` only when the value does not pass. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that a schema found wrong. */
export interface SchemaIssue {
  readonly message: string;
  /** The keys that lead to the part at fault. */
  readonly path?: readonly PathSegment[] | undefined;
}

/** One step of a path: a key, or an object that holds it. */
export type PathSegment = PropertyKey | { readonly key: PropertyKey };

/** The type of the values that a schema takes, before it coerces them. */
export type InferInput<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["input"];

/** The type of the values that come out of a schema. */
export type InferOutput<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["output"];

/** Tells whether a value is a schema of Standard Schema v1. Schemas of some libraries, such as arktype, are functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = (value as { readonly "~standard"?: unknown })["~standard"];
  if (typeof standard !== "object" || standard === null) return false;
  const { version, validate } = standard as { readonly version?: unknown; readonly validate?: unknown };
  return version === 1 && typeof validate === "function";
}
