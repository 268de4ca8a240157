export * from "#fixtures/redis.js";
