import { believableWait } from "./believable-wait.js";
import { readDuration } from "./read-duration.js";
import { readNumber } from "./read-number.js";

/** As in RFC 9110, section 5.6.7: "Wed, 21 Oct 2015 07:28:00 GMT". */
const HTTP_DATE = /^(?:[a-z]{3}, )?\d{2} [a-z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/i;
/** As in RFC 3339, section 5.6: "2015-10-21T07:28:00.5Z", "2015-10-21 09:28:00+02:00". */
const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:z|[+-]\d{2}:\d{2}))$/i;

/** Above these a number is no amount of seconds, which would be 31 years, but a time since 1970. */
const EPOCH_SECONDS = 1e9;
const EPOCH_MS = 1e12;
const EPOCH_MICROSECONDS = 1e15;

/**
 * Reads when something will be: seconds from now, seconds, ms or µs since 1970, a duration (`6m0s`), an HTTP date or an
 * RFC 3339 date.
 *
 * @param wallNow ms since 1970
 * @returns ms from now, a day at most: 0 for what is past, nothing for what cannot be read or believed
 */
export function timeUntil(value: string | number, wallNow: number): number | undefined {
  if (typeof value === "number") return believableWait(untilNumber(value, wallNow));
  const number = readNumber(value);
  if (number !== undefined) return believableWait(untilNumber(number, wallNow));
  return believableWait(readDuration(value) ?? readDate(value) - wallNow);
}

function untilNumber(value: number, wallNow: number): number {
  if (value > EPOCH_MICROSECONDS) return value / 1000 - wallNow;
  if (value > EPOCH_MS) return value - wallNow;
  return value > EPOCH_SECONDS ? value * 1000 - wallNow : value * 1000;
}

/** `Date.parse` alone would take almost anything for a date, "limit 5" for one. */
function readDate(text: string): number {
  if (HTTP_DATE.test(text)) return Date.parse(text);
  const parts = RFC_3339.exec(text);
  return parts ? Date.parse(`${parts[1]}T${parts[2]}`.toUpperCase()) : Number.NaN;
}
