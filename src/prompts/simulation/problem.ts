/** What a model server may have against a request, in the words of the real ones. */

/** An error that is answered. */
export class Problem extends Error {
  readonly status: number;
  /** As OpenAI names it. */
  readonly type: string;
  readonly code: string | null;
  /** The parameter at fault. */
  readonly param: string | null;
  /** How long to wait before the next attempt, in ms; `undefined` where waiting does not help, or nobody knows. */
  readonly wait: number | undefined;

  constructor(
    status: number,
    type: string,
    message: string,
    { code, param, wait }: { code?: string; param?: string; wait?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.type = type;
    this.code = code ?? null;
    this.param = param ?? null;
    this.wait = wait;
  }
}

/** A parameter is wrong, or `undefined` where the whole body is. */
export function invalidRequest(message: string, param?: string, code?: string): Problem {
  return new Problem(400, "invalid_request_error", message, { ...(param && { param }), ...(code && { code }) });
}

export function missingParameter(name: string): Problem {
  return invalidRequest(`Missing required parameter: '${name}'.`, name, "missing_required_parameter");
}

export function invalidKey(): Problem {
  return new Problem(401, "invalid_request_error", "Incorrect API key provided.", { code: "invalid_api_key" });
}

export function noQuota(): Problem {
  const message =
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, " +
    "read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.";
  return new Problem(429, "insufficient_quota", message, { code: "insufficient_quota" });
}

/** What a limit counts, with the names that errors give it. */
const COUNTED = {
  requests: "requests per min (RPM)",
  tokens: "tokens per min (TPM)",
} as const;

/** A limit as it stood when a request came. */
export interface LimitState {
  readonly counted: keyof typeof COUNTED;
  readonly limit: number;
  readonly used: number;
  readonly requested: number;
  /** In ms. */
  readonly wait: number;
}

export function rateLimited(model: string, { counted, limit, used, requested, wait }: LimitState): Problem {
  const message =
    `Rate limit reached for ${model} in organization org-simulated on ${COUNTED[counted]}: Limit ${limit}, ` +
    `Used ${used}, Requested ${requested}. Please try again in ${inWords(wait)}. ` +
    "Visit https://platform.openai.com/account/rate-limits to learn more.";
  return new Problem(429, counted, message, { code: "rate_limit_exceeded", wait });
}

/** One that could never be made, however long one waits. */
export function tooLarge(model: string, limit: number, requested: number): Problem {
  const message =
    `Request too large for ${model} in organization org-simulated on ${COUNTED.tokens}: Limit ${limit}, ` +
    `Requested ${requested}. The input or output tokens must be reduced in order to run successfully. ` +
    "Visit https://platform.openai.com/account/rate-limits to learn more.";
  return new Problem(429, "tokens", message, { code: "rate_limit_exceeded" });
}

export function tooManyAtOnce(most: number): Problem {
  const message = `Too many concurrent requests: at most ${most} at once. Please try again later.`;
  return new Problem(429, "requests", message, { code: "rate_limit_exceeded" });
}

/** A wait as OpenAI's errors say it: `599ms`, `1.2s`. */
function inWords(ms: number): string {
  return ms < 1000 ? `${Math.ceil(ms)}ms` : `${Math.ceil(ms) / 1000}s`;
}
