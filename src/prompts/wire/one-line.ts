const LONGEST = 400;
/** No secret is shorter; what local servers are given in place of a key, as in "none", is part of other words. */
const SHORTEST_SECRET = 8;

/** What looks like a key: some servers repeat the key that they refuse. */
const KEY = /\b(?:sk|pk|rk|gsk|xai|hf|nvapi|csk|pplx)[-_](?=[\w-]*\d)[\w-]{8,}|\bBearer\s+[^\s"',]+|\bAIza[\w-]{20,}/g;

/**
 * Prose of a server as messages hold it: in one line, not long, and without keys.
 *
 * @param secrets - what else must not be shown
 */
export function oneLine(text: string, secrets: readonly string[] = []): string {
  // The text may be a body of megabytes.
  let line = text.slice(0, 8 * LONGEST);
  for (const secret of secrets) if (secret.length >= SHORTEST_SECRET) line = line.replaceAll(secret, "[key]");
  line = line
    .replaceAll(KEY, "[key]")
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
