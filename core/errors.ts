/**
 * The closed list of errors a user can meet. Each has a page entry in docs/errors.md (a test compares the two)
 * and an exit code: 1 a fault of ours, 2 usage or configuration, 3 the input, 4 a service or resource,
 * 5 a model or snapshot.
 */
export const errorCodes = {
  INTERNAL: { exit: 1, summary: 'A fault in Sluice itself.' },
  USAGE: { exit: 2, summary: 'A command line that cannot be understood.' },
  CONFIG_NOT_FOUND: { exit: 2, summary: 'The pipeline file does not exist or cannot be read.' },
  CONFIG_INVALID: { exit: 2, summary: 'The pipeline file has mistakes; all of them are listed at once.' },
  ITEM_INVALID: { exit: 2, summary: 'Settings or an anomaly that a simulated item cannot have.' },
  ITEM_UNKNOWN: { exit: 2, summary: 'No simulated item of this id is running.' },
  ITEM_EXISTS: { exit: 2, summary: 'A simulated item of this id is running already.' },
  ITEM_LIMIT: { exit: 2, summary: 'More simulated items, messages or pending anomalies than the simulator takes on.' },
  SOURCE_NOT_FOUND: { exit: 3, summary: 'The input file does not exist or cannot be opened.' },
  SOURCE_UNREADABLE: { exit: 3, summary: 'The input is not what it says it is: truncated, encrypted, damaged or of another format.' },
  SOURCE_EMPTY: { exit: 3, summary: 'The input has no data rows.' },
  SOURCE_NO_HEADER: { exit: 3, summary: 'No header row was found.' },
  SOURCE_TAGS: { exit: 3, summary: 'Tag columns that are duplicated, unnamed, unknown or renamed.' },
  SOURCE_LABELS: { exit: 3, summary: 'Labels that an evaluation needs are missing, or all of them are of training rows.' },
  SOURCE_TIME: { exit: 3, summary: 'Times that cannot be placed: no time column, or zoneless times without a timezone.' },
  SOURCE_LIMIT: { exit: 3, summary: 'The input is over a limit: line length, columns, or what an archive unpacks to.' },
  SOURCE_CHANGED: { exit: 3, summary: 'The input is not the one that the stored position belongs to.' },
  WARMUP_TOO_SHORT: { exit: 3, summary: 'The stream ended before enough rows for the warm-up had come.' },
  TRAINING_UNFIT: { exit: 3, summary: 'Nothing can be learned from the training rows: too few, all missing or all constant.' },
  STORE_LOCKED: { exit: 4, summary: 'The store file is held by another process.' },
  STORE_UNAVAILABLE: { exit: 4, summary: 'The store cannot be opened, read or written: read-only, damaged, no rights or down.' },
  STORE_DENIED: { exit: 4, summary: 'The store refuses the token, or the token lacks a right.' },
  STORE_FULL: { exit: 4, summary: 'The disk or quota under the store is full.' },
  BUS_UNAVAILABLE: { exit: 4, summary: 'The bus cannot be reached or was closed.' },
  BUS_DENIED: { exit: 4, summary: 'The bus refuses the user, the password or a right.' },
  BUS_TOPIC: { exit: 4, summary: 'A topic is missing and may not be created, or is not as the pipeline needs it.' },
  BUS_FENCED: { exit: 4, summary: 'Another processor has taken over the partition.' },
  BUS_ORDER: { exit: 3, summary: 'Rows were sent with offsets that do not grow within their partition.' },
  SIMULATOR_UNAVAILABLE: { exit: 4, summary: 'The simulator service cannot be reached, or refuses the token.' },
  PORT_IN_USE: { exit: 4, summary: 'A port that was asked for explicitly is taken.' },
  SCHEMA_MISMATCH: { exit: 5, summary: 'Tags of the stream differ from those of the model, snapshot or store.' },
  RECORD_CORRUPT: { exit: 5, summary: 'A stored model or state record is cut short or altered.' },
  RECORD_VERSION: { exit: 5, summary: 'A stored model or state record was written by an incompatible version or for another configuration.' },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/**
 * An error with a code, what is wrong (quoting the bad value), where, and what to do about it.
 *
 * @example
 * const error = new SluiceError('SOURCE_TIME', "cannot read the time 'noon'", { place: 'plant.csv row 7', fix: 'Use ISO 8601.' });
 * error.message; // "cannot read the time 'noon' (plant.csv row 7). Use ISO 8601."
 */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  /** What is wrong, without the place and the fix that the message holds too. */
  readonly what: string;
  readonly place: string | undefined;
  readonly fix: string | undefined;

  constructor(code: ErrorCode, what: string, more: { place?: string; fix?: string; cause?: unknown } = {}) {
    const place = more.place === undefined ? '' : ` (${more.place})`;
    const fix = more.fix === undefined ? '' : ` ${more.fix}`;
    super(`${what}${place}.${fix}`, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'SluiceError';
    this.code = code;
    this.what = what;
    this.place = more.place;
    this.fix = more.fix;
  }

  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}

/**
 * A value as it is quoted in messages: text in single quotes, anything else as JSON, cut at 80 characters.
 * @example
 * quote({ rows: 0 }); // '{"rows":0}'
 */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : String(typeof value === 'object' ? JSON.stringify(value) : value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/**
 * The nearest of `names` to `name`, when it is near enough to be a slip of the keyboard (Damerau 1964: letters changed, left out,
 * added or swapped).
 * @example
 * didYouMean('kmeans', ['k-means', 'mahalanobis']); // "k-means"
 */
export function didYouMean(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      current.push(Math.min(substitution, previous[j] + 1, current[j - 1] + 1, swapped ? beforePrevious[j - 2] + 1 : Number.POSITIVE_INFINITY));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length];
}
