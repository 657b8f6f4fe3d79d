import { z } from 'zod';

/**
 * The HTTP interface under /api: what the page and other programs ask for and get. One declaration for checking requests, for the
 * OpenAPI document and for the page's types.
 *
 * Times are ISO 8601 in UTC where they stand alone, and milliseconds since 1970 (with fractions) in columns called `times`. Numbers
 * that are not there are null. A range is [from, to); each bound may be left out. What counts as "the last" counts from the stream's
 * newest row, not from the clock on the wall.
 */

const time = z.iso
  .datetime({ offset: true })
  .describe('ISO 8601 with zone, e.g. 2015-12-28T10:00:00Z.')
  .meta({ examples: ['2015-12-28T10:00:00Z'] });
const column = z.array(z.number().nullable());
const times = z.array(z.number()).describe('Milliseconds since 1970-01-01T00:00:00Z.');
const list = z.string().describe('Names, separated by commas.');
const tagList = list.meta({ examples: ['LIT101,FIT101'] });
const detectorList = list.meta({ examples: ['combined,k-means'] });
const name = z.string().min(1).max(200);
const oneStream = name.describe('Name of a stream.').meta({ examples: ['swat'] });
const oneDetector = name.describe('Name of a detector or combination.').meta({ examples: ['combined'] });
const points = z.coerce.number().int().min(10).max(5000).default(1000).describe('Points of a course at most; more rows are folded into buckets.');

/** An error of any request. */
export const problem = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    place: z.string().optional(),
    fix: z.string().optional(),
  }),
});
export type Problem = z.infer<typeof problem>;

// Requests

/** Which rows: from/to, or `last`, a span of time before the newest row (or before `to`), or `rows`, so many newest rows. */
const range = {
  from: time.optional(),
  to: time.optional(),
  last: z
    .string()
    .regex(/^\d+(ms|s|m|h|d)$/, 'expected a span such as 5m, 12h or 30d')
    .optional()
    .describe('A span before `to`, or before the newest row, e.g. 5m, 12h, 30d.')
    .meta({ examples: ['1h'] }),
  rows: z.coerce.number().int().min(1).max(10_000).optional().describe('So many newest rows before `to`.'),
};
export const rangeQuery = z.strictObject(range);
export const seriesQuery = z.strictObject({
  ...range,
  tags: tagList,
  points,
});
export const scoresQuery = z.strictObject({ ...range, detectors: detectorList.optional(), points });
export const rowsQuery = z.strictObject({
  ...range,
  tags: tagList.optional(),
  detector: oneDetector.optional().describe('Whose verdicts stand beside the rows; without it those of the one to look at first.'),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000).describe('The newest so many of the range.'),
});
export const csvQuery = z.strictObject({ from: range.from, to: range.to, last: range.last, tags: tagList.optional() });
export const statisticsQuery = z.strictObject({ ...range, tags: tagList.optional() });
export const distributionQuery = z.strictObject({
  ...range,
  tag: name.describe('Name of a tag.').meta({ examples: ['LIT101'] }),
  detector: oneDetector.optional().describe('Whose verdicts tell rows apart; without it those of the one to look at first.'),
  bins: z.coerce.number().int().min(2).max(200).default(40).describe('How many, all of the same width.'),
});
export const agreementQuery = z.strictObject({ ...range, detectors: detectorList.optional() });
export const incidentsQuery = z.strictObject({
  stream: oneStream.optional(),
  detector: oneDetector.optional(),
  from: range.from,
  to: range.to,
  open: z.enum(['true', 'false']).optional().describe('Only those that are open, or are not.'),
  limit: z.coerce.number().int().min(1).max(1000).default(200).describe('The newest so many.'),
});
export const liveQuery = z.strictObject({
  stream: oneStream.optional().describe('Whose rows and incidents; without it the incidents of all.'),
  tags: tagList.optional(),
  detectors: detectorList.optional(),
  rate: z.coerce.number().min(0.2).max(10).default(5).describe('Frames a second at most.'),
});
export const markBody = z.strictObject({
  alarm: z.enum(['true', 'false']).describe('true: something was wrong with the plant; false: a false alarm.'),
  note: z.string().max(1000).default('').describe('What it was.'),
});
export type MarkBody = z.input<typeof markBody>;

// Answers

/** GET /api/pipeline: what does not change while the process runs. */
export const pipelineInfo = z.strictObject({
  stream: z.string().describe("The pipeline's own stream; sources may bring others."),
  file: z.string(),
  version: z.string(),
  startedAt: time,
  clock: z.enum(['original', 'shifted']),
  timezone: z.string().nullable().describe("IANA name of the source's zone; null: times came with their own."),
  lead: z.string().describe('The verdicts to look at first: the last combination, or the first detector.'),
  detectors: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string(),
      kind: z.enum(['detector', 'combination']),
      view: z.string().nullable(),
      of: z.array(z.string()).describe('What a combination joins.'),
      summary: z.string(),
    }),
  ),
  incidents: z.strictObject({ open: z.number(), close: z.number(), merge: z.number() }).describe('Milliseconds.'),
  nodes: z
    .array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(['source', 'bus', 'view', 'detector', 'combination', 'incidents', 'store', 'output']),
        label: z.string(),
        detail: z.string().describe('Its type and settings in a line.'),
      }),
    )
    .describe('What rows pass, from the source on.'),
  edges: z.array(z.strictObject({ from: z.string(), to: z.string() })).describe('Between ids of nodes.'),
  settings: z.record(z.string(), z.unknown()).describe('The pipeline as it was understood; secrets are hidden.'),
  simulator: z.boolean().describe('Whether /api/simulator commands anything here.'),
});
export type PipelineInfo = z.infer<typeof pipelineInfo>;

const warmUp = z.strictObject({ stage: z.enum(['waiting', 'collecting', 'fitting', 'calibrating', 'ready']), have: z.number(), need: z.number() });

/** GET /api/status, and the event `status` of the live feed, each second. */
export const status = z.strictObject({
  time,
  ready: z.boolean(),
  reason: z.string().nullable().describe('Why it is not ready.'),
  ended: z.boolean().describe('The source was read to its end, and all of it is stored.'),
  rows: z.strictObject({ read: z.number(), stored: z.number(), duplicate: z.number(), late: z.number(), dead: z.number() }),
  rowsPerSecond: z.number().describe('Over the last ten seconds.'),
  lag: z
    .strictObject({ rows: z.number().nullable(), seconds: z.number().nullable() })
    .describe('Rows that wait, and how old the newest stored one is; null: unknown.'),
  openIncidents: z.number(),
  streams: z
    .array(z.strictObject({ stream: z.string(), warmUp, rowsPerSecond: z.number(), newest: time.nullable() }))
    .describe('Those that had rows last, a hundred at most.'),
  streamCount: z.number(),
  edges: z.array(z.strictObject({ from: z.string(), to: z.string(), rows: z.number(), rowsPerSecond: z.number() })),
  services: z.array(z.strictObject({ name: z.string(), up: z.boolean() })),
  process: z.strictObject({
    cpu: z.number().describe('Cores in use.'),
    memory: z.number().describe('Resident bytes.'),
    uptime: z.number().describe('Seconds.'),
  }),
  host: z.strictObject({
    cpu: z.number().describe('Share of all cores in use, 0 to 1.'),
    cores: z.number(),
    memory: z.strictObject({ used: z.number(), total: z.number() }),
    disk: z.strictObject({ used: z.number(), total: z.number() }).nullable().describe('Where the store lies, when it lies here.'),
  }),
});
export type ApiStatus = z.infer<typeof status>;

/** GET /api/streams */
export const streams = z.array(
  z.strictObject({
    stream: z.string(),
    rows: z.number(),
    first: time.nullable(),
    last: time.nullable(),
    detectors: z.array(z.string()),
    tags: z.array(
      z.strictObject({
        name: z.string(),
        kind: z.enum(['continuous', 'discrete']),
        unit: z.string().nullable(),
        stage: z.string().nullable(),
        description: z.string().nullable(),
      }),
    ),
  }),
);
export type ApiStream = z.infer<typeof streams>[number];

const bounds = { from: time.nullable(), to: time.nullable() };

/** GET /api/streams/{stream}/series */
export const series = z.strictObject({
  ...bounds,
  level: z.number().describe('Milliseconds of a bucket; 0: every row.'),
  times,
  tags: z.array(
    z.strictObject({
      tag: z.string(),
      value: column.describe('The reading, or the mean of the bucket.'),
      min: column.optional(),
      max: column.optional(),
    }),
  ),
});
export type Series = z.infer<typeof series>;

const levels = z.strictObject({ detector: z.string(), time, warn: z.number(), error: z.number(), median: z.number(), method: z.string() });

/** GET /api/streams/{stream}/scores */
export const scores = z.strictObject({
  ...bounds,
  level: z.number().describe('Milliseconds of a bucket; 0: every row.'),
  detectors: z.array(
    z.strictObject({
      detector: z.string(),
      times,
      score: column.describe('The largest of the bucket.'),
      grade: column.describe('0 usual, 0.5 warning, 1 error.'),
      status: z.array(z.number()).describe('The worst of the bucket: -1 error, 0 warning, 1 OK, 2 undefined.'),
    }),
  ),
  thresholds: z.array(levels).describe('Levels that hold in the range, in time order.'),
});
export type Scores = z.infer<typeof scores>;

/** GET /api/streams/{stream}/rows */
export const rows = z.strictObject({
  tags: z.array(z.string()),
  times,
  labels: z.array(z.number()).describe('1 attack, 0 normal, -1 unknown.'),
  columns: z.array(column),
  detector: z.string().nullable(),
  score: column,
  status: z.array(z.number()),
  more: z.boolean().describe('The range holds older rows than these.'),
});
export type Rows = z.infer<typeof rows>;

/** GET /api/streams/{stream}/statistics */
export const statistics = z.array(
  z.strictObject({
    tag: z.string(),
    count: z.number(),
    missing: z.number(),
    min: z.number().nullable(),
    max: z.number().nullable(),
    mean: z.number().nullable(),
    deviation: z.number().nullable(),
  }),
);
export type ApiTagStatistics = z.infer<typeof statistics>[number];

/** GET /api/streams/{stream}/distribution: counts of rows by value of a tag and by verdict. */
export const distribution = z.strictObject({
  tag: z.string(),
  detector: z.string(),
  edges: z.array(z.number()).describe('One more than bins.'),
  normal: z.array(z.number()),
  anomalous: z.array(z.number()),
  undefined: z.array(z.number()).describe('Rows without a verdict.'),
  rows: z.number().describe('Rows counted.'),
  newest: z.boolean().describe('Only the newest rows of the range were counted, for there are more than can be.'),
});
export type Distribution = z.infer<typeof distribution>;

/** GET /api/streams/{stream}/agreement */
export const agreement = z.strictObject({
  detectors: z.array(z.string()),
  rows: z.number(),
  flagged: z.array(z.number()).describe('Flagged rows of each detector.'),
  jaccard: z.array(z.array(z.number().nullable())).describe('Rows both flagged of rows either did; null: neither flagged one.'),
  level: z.number().describe('Milliseconds of a bucket.'),
  times,
  share: z.array(column).describe('For each detector and bucket, the share of rows that were flagged; null: no verdict.'),
});
export type Agreement = z.infer<typeof agreement>;

const mark = z.strictObject({ alarm: z.enum(['true', 'false']), note: z.string() });

const incident = z.strictObject({
  id: z.string(),
  stream: z.string(),
  detector: z.string(),
  start: time,
  end: time.describe('Time of its last flagged row so far.'),
  open: z.boolean(),
  rows: z.number().describe('Flagged rows.'),
  peak: z.strictObject({ time, score: z.number(), grade: z.number() }),
  causes: z.array(z.string()).describe('Detectors that were flagged at the peak.'),
  tags: z
    .array(z.strictObject({ tag: z.string(), stage: z.string().nullable(), share: z.number() }))
    .describe('Five at most; the sign says above or below what was expected.'),
  stages: z.array(z.strictObject({ stage: z.string(), share: z.number() })).describe('Shares of the peak by stage, largest first.'),
  mark: mark.nullable(),
});
export type ApiIncident = z.infer<typeof incident>;

/** GET /api/incidents */
export const incidents = z.strictObject({ incidents: z.array(incident), more: z.boolean() });

/** GET /api/incidents/{id} */
export const incidentDetail = z.strictObject({
  ...incident.shape,
  contributions: z.array(z.strictObject({ tag: z.string(), stage: z.string().nullable(), share: z.number() })).describe('All tags, largest first.'),
  agreed: z
    .array(z.strictObject({ detector: z.string(), rows: z.number(), flagged: z.number(), first: time.nullable(), worst: z.number().nullable() }))
    .describe('For each detector and combination: rows of the incident with a verdict, how many it flagged, the first of them, its highest grade.'),
});
export type IncidentDetail = z.infer<typeof incidentDetail>;

/** Event `hello` of the live feed, once at its beginning: a page that sees another version or start reads everything anew. */
export const liveHello = z.strictObject({ version: z.string(), startedAt: time, stream: z.string().nullable() });
export type LiveHello = z.infer<typeof liveHello>;

/** Event `rows` of the live feed: what came since the last frame. */
export const liveRows = z.strictObject({
  stream: z.string(),
  times,
  tags: z.array(column).describe('One column a tag, in the order asked for.'),
  verdicts: z.array(z.strictObject({ detector: z.string(), score: column, grade: column, status: z.array(z.number()) })),
  skipped: z.number().describe('Rows left out since the last frame, because more came than a frame holds or the client was slow.'),
});
export type LiveRows = z.infer<typeof liveRows>;

/** Event `incident` of the live feed. */
export const liveIncident = z.strictObject({ change: z.enum(['opened', 'updated', 'closed', 'marked']), incident });
export type LiveIncident = z.infer<typeof liveIncident>;

/** GET /api/session: whether a token is asked for, and whether this client has shown it. POST {token} shows it, DELETE forgets it. */
export const session = z.strictObject({ required: z.boolean(), signedIn: z.boolean() });
export const sessionBody = z.strictObject({ token: z.string().min(1).max(200) });

// Simulated items, as core/simulator.ts has them

export const simulatedItem = z.strictObject({
  id: z.string().describe('Also its stream.'),
  mean: z.number(),
  variance: z.number(),
  rate: z.number().describe('Messages a second.'),
  startedAt: time,
  sent: z.number().describe('Messages since its start.'),
  missed: z.number().describe('Messages that were left out because nobody took them when they were due.'),
  pending: z.number().describe('Values that anomalies are still to be laid over.'),
  last: z.strictObject({ timestamp: z.string(), value: z.number() }).nullable(),
});

const simulatorLimits = z.strictObject({
  items: z.number().describe('Items at the same time.'),
  rate: z.strictObject({ min: z.number(), max: z.number(), total: z.number() }).describe('Messages a second: of one item, and of all together.'),
  pending: z.number().describe('Values that anomalies may wait for in one item.'),
});

/** GET /api/simulator/items */
export const simulatedItems = z.strictObject({ items: z.array(simulatedItem), limits: simulatorLimits });
export type SimulatedItems = z.infer<typeof simulatedItems>;

/** GET /api/simulator */
export const simulator = z.discriminatedUnion('available', [
  z.strictObject({ available: z.literal(true), items: z.array(simulatedItem), limits: simulatorLimits }),
  z.strictObject({ available: z.literal(false), why: z.string(), command: z.string().describe('What starts a pipeline that has some.') }),
]);
export type ApiSimulator = z.infer<typeof simulator>;
