/** Starts the Redis server that all tests share, before the first of them, and ends it after the last. */
import { hasRedisServer, startRedis } from "./redis.js";

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.REDIS_URL) {
    process.env.MANYHANDS_TEST_REDIS = process.env.REDIS_URL;
    return undefined;
  }
  if (!hasRedisServer()) return undefined;
  const redis = await startRedis();
  process.env.MANYHANDS_TEST_REDIS = redis.url;
  return async () => {
    await redis[Symbol.asyncDispose]();
  };
}
