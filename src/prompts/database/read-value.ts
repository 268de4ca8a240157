import { readArray } from "./read-array.js";

/** Makes a value of a text that PostgreSQL wrote. */
export type ReadText = (text: string) => unknown;

const asText: ReadText = (text) => text;
/** Beyond 2^53 the digits: a number would be another, and JSON has no bigint. */
const asInteger: ReadText = (text) => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
};
/** `NaN` and `Infinity` as texts. */
const asFloat: ReadText = (text) => {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
};
const asJson: ReadText = (text) => JSON.parse(text) as unknown;

/** By the ids of types that never change (`pg_type.dat` of PostgreSQL): how a value is read, and the id of its array. */
const TYPES: readonly (readonly [id: number, arrayId: number, read: ReadText])[] = [
  [16, 1000, (text) => text === "t" || text === "true"],
  [17, 1001, asText],
  [18, 1002, asText],
  [19, 1003, asText],
  [20, 1016, asInteger],
  [21, 1005, asInteger],
  [23, 1007, asInteger],
  [25, 1009, asText],
  [26, 1028, asInteger],
  [114, 199, asJson],
  [700, 1021, asFloat],
  [701, 1022, asFloat],
  [1042, 1014, asText],
  [1043, 1015, asText],
  [1082, 1182, asText],
  [1083, 1183, asText],
  [1114, 1115, asText],
  [1184, 1185, asText],
  [1186, 1187, asText],
  [1266, 1270, asText],
  [1700, 1231, asText],
  [2950, 2951, asText],
  [3802, 3807, asJson],
];

/**
 * How values are read, by the id of their type; of other types the text is the value.
 *
 * Everything can be written as JSON without loss: numbers where they are exact, else the text as PostgreSQL writes it, so
 * for `numeric`, dates and times, whose time zone is nobody's guess, and `bytea`.
 */
export const READERS: Readonly<Record<number, ReadText>> = Object.fromEntries(
  TYPES.flatMap(([id, arrayId, read]) => [
    [id, read],
    [arrayId, (text: string) => readArray(text, read)],
  ]),
);
