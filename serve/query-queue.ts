import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from './problem.ts';

/** Requests at work on the store at the same time: the pipeline writes to it by the same four threads of this process. */
const mostAtWork = 2;
/** Requests that may wait for their turn. */
const mostWaiting = 50;
/** Seconds after which one that was refused may come again. */
const comeBack = 2;

interface Waiting {
  readonly request: FastifyRequest;
  readonly begin: () => void;
}

/** Lets a few requests at a time read the store, however many come: what it has to do besides, such as taking rows in, goes on. */
export class QueryQueue {
  #atWork = 0;
  #waiting: Waiting[] = [];

  /** Does the work for a request in its turn; not at all where nobody waits for it any more. @throws Refusal 503 where too many wait already */
  async run(request: FastifyRequest, reply: FastifyReply, work: () => unknown): Promise<unknown> {
    if (this.#atWork < mostAtWork) this.#atWork++;
    else await this.#turn(request, reply);
    try {
      return isGone(request) ? undefined : await work();
    } finally {
      this.#next();
    }
  }

  #turn(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.#waiting.length >= mostWaiting) this.#waiting = this.#waiting.filter((each) => !isGone(each.request));
    if (this.#waiting.length >= mostWaiting) {
      reply.header('retry-after', comeBack);
      throw new Refusal(503, 'TOO_MANY_QUERIES', `${mostWaiting} requests wait already for their turn at the store`, {
        fix: `Try again in ${comeBack} seconds, or ask for less at once.`,
      });
    }
    return new Promise((begin) => this.#waiting.push({ request, begin }));
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next) next.begin();
    else this.#atWork--;
  }
}

/** Whoever asked no longer waits for the answer. */
function isGone({ raw }: FastifyRequest): boolean {
  return raw.socket.destroyed;
}
