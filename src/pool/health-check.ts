import type { Host } from "../modes/executor.js";

/** Asks one worker at a time whether it is well, and ends it when it is not. */
export class HealthCheck {
  #onPong: ((isHealthy: boolean) => void) | undefined;

  /** Ends the worker unless it answers within `timeout` ms, favourably; does nothing while an earlier question is open. */
  ask(host: Host, timeout: number, method: number): void {
    if (this.#onPong) return;
    const finish = (fault: "unresponsive" | "unhealthy" | undefined): void => {
      clearTimeout(timer);
      if (this.#onPong !== answer) return;
      this.#onPong = undefined;
      if (fault) host.terminate({ reason: fault });
    };
    const answer = (isHealthy: boolean): void => finish(isHealthy ? undefined : "unhealthy");
    const timer = setTimeout(() => finish("unresponsive"), timeout);
    timer.unref();
    this.#onPong = answer;
    host.ping(0, method);
  }

  answered(isHealthy: boolean): void {
    this.#onPong?.(isHealthy);
  }

  /** The worker is gone. */
  forget(): void {
    this.#onPong = undefined;
  }
}
