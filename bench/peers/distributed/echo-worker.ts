/** What nodes run. */
import { task, worker } from "manyhands";
import type { Message } from "./remote-peer.js";

class Echo {
  echo(message: Message): Message {
    return message;
  }
}

export const EchoWorker = worker(import.meta, Echo);

export const echo = task(import.meta, (message: Message): Message => message);
