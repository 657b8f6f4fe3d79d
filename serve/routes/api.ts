import type { LiveHub } from '../live/hub.ts';
import type { ApiPorts } from '../ports.ts';
import type { QueryQueue } from '../query-queue.ts';
import type { ServedStreams } from '../served-streams.ts';
import type { StatusBoard } from '../status-board.ts';

/** What the routes under /api share. */
export interface Api extends ApiPorts {
  readonly streams: ServedStreams;
  readonly board: StatusBoard;
  readonly hub: LiveHub;
  /** For requests that read much. */
  readonly queries: QueryQueue;
}
