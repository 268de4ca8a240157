/** Windows that servers have, in ms: a minute, an hour, a day. */
const MINUTE = 60_000;
const WINDOWS: readonly number[] = [MINUTE, 3_600_000, 86_400_000];
/** How exact the times are that servers say, as a share, and in ms for those that say whole seconds. */
const EXACTNESS = 0.01;
const WHOLE_SECONDS = 1000;
/** From so large a share on that is used, and from so long a reset on, what looks like a long window is no short one. */
const LEAST_SHARE = 0.02;
const NO_MINUTE = 61_000;

/**
 * The window of a bucket that is refilled evenly, in ms, as those of OpenAI, Groq and Anthropic are: the reset is when it
 * is full again, which is the used share of the window. OpenAI's limits are per minute, or, for some accounts, per day;
 * Groq's of requests are per day.
 *
 * Nothing where the numbers do not fit, or could as well be those of a minute that begins anew at the reset: to take a
 * minute for a day is the worst mistake.
 *
 * @param isInSeconds - whether the reset was said in whole seconds
 */
export function bucketWindow(
  limit: number | undefined,
  remaining: number | undefined,
  resetAfter: number | undefined,
  isInSeconds: boolean,
): number | undefined {
  if (!limit || remaining === undefined || !resetAfter || remaining >= limit || remaining < 0) return undefined;
  const share = (limit - remaining) / limit;
  const error = Math.max(EXACTNESS * resetAfter, isInSeconds ? WHOLE_SECONDS : 0);
  const [window, other] = WINDOWS.filter((length) => Math.abs(length * share - resetAfter) <= error);
  if (other !== undefined) return undefined;
  return window === MINUTE || share >= LEAST_SHARE || resetAfter > NO_MINUTE ? window : undefined;
}
