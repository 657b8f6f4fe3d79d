import { z } from 'zod';
import type { ComponentKind } from '../component.ts';
import { pacePattern, parsePace } from '../pace.ts';
import { duration } from './duration.ts';

/**
 * The frame of a pipeline file: every key that is not an option of a component. Where components go there is a slot:
 * anything passes here, and the component's own schema judges it (load.ts); the editor schema puts the components in.
 */
export type Slot = ComponentKind | 'combination';

const slot = (kind: Slot, description: string) => z.unknown().meta({ slot: kind, description }).optional();

/** Names of streams, views, detectors and combinations: they become labels in stores and metrics, a stream's also a file name. */
const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, { error: 'expected a name of letters, digits, dots, dashes and underscores that begins with a letter or digit' });

const topicName = z.string().regex(/^[A-Za-z0-9._-]{1,200}$/, { error: 'expected a topic of at most 200 letters, digits, dots, dashes and underscores' });

const pace = z
  .string({
    error: (issue) =>
      typeof issue.input === 'number' ? `write '${issue.input}x' for a multiple of the rows' own time or '${issue.input}/s' for a rate` : undefined,
  })
  .regex(pacePattern, { error: "expected max, a multiple of the rows' own time such as 60x, or a rate such as 100/s" })
  .refine((text) => !pacePattern.test(text) || text.trim() === 'max' || Number.parseFloat(text) > 0, { error: 'expected a pace above 0' })
  .transform(parsePace);

/** Keys of a source beside the component's own options. */
export const sourceKeys = z.strictObject({
  id: z.string().min(1).optional().describe('Names the source in positions and dead letters; default: its type and path.'),
  pace: pace.prefault('max').describe("How fast rows are read: max, a multiple of the rows' own time (60x), or a rate (100/s)."),
  loop: z.boolean().default(false).describe('Begin again at the end; times are moved on so that they keep growing.'),
});

export const thresholdKeys = z.strictObject({
  warn: slot('threshold', 'Level from which a row is a warning. Default: quantile 0.99 of the calibration scores.'),
  error: slot('threshold', 'Level from which a row is an error. Default: quantile 0.999 of the calibration scores.'),
});

/** Keys of a detector beside the component's own options. */
export const detectorKeys = z.strictObject({
  view: z.string().optional().describe('The view it looks at. Default: the only one, or the one named default.'),
  threshold: thresholdKeys.optional().describe('Levels for this detector only.'),
});

const range = z
  .string()
  .regex(/^\s*\d+\s*-\s*\d+\s*$/, { error: 'a range of data rows such as 3500-8000' })
  .transform((text) => text.split('-').map(Number))
  .refine(([from, to]) => from < to, { error: 'a range that begins below its end' })
  .transform(([from, to]) => ({ from, to }));

export const frame = z.strictObject({
  stream: name.describe('Name of the plant or entity that the rows belong to.'),
  source: slot('source', 'Where the rows come from.'),
  topic: z
    .union([topicName, z.array(topicName).min(1)])
    .default('SWAT')
    .describe('Topic on the bus that carries the rows; `process` can take several, as a list.'),
  bus: slot('bus', 'What carries the rows from the source to the processor. Default: memory.'),
  store: slot('store', 'Where rows, verdicts and incidents are kept. Default: duckdb in .sluice/<stream>.duckdb.'),
  outputs: z
    .array(slot('output', 'A further place for verdicts and incidents.'))
    .optional()
    .describe('Further places for verdicts and incidents. Default: terminal.'),
  clock: z.enum(['original', 'shifted']).default('original').describe('shifted moves a recording so that it ends now, for demonstrations.'),
  lateness: duration().prefault('1m').describe('How far behind the newest time a row may come and still be scored.'),
  batch: z
    .strictObject({
      rows: z.int().min(1).max(1_000_000).default(500).describe('Rows of a batch.'),
      wait: duration().prefault('1s').describe('A batch that is not full is processed after this time.'),
    })
    .prefault({})
    .describe('How many rows are processed together. Scores never depend on it.'),
  commit: z
    .strictObject({
      rows: z.int().min(1).default(20_000).describe('Commit after so many rows,'),
      interval: duration().prefault('1s').describe('or after this time, whichever comes first.'),
    })
    .prefault({})
    .describe('When rows, verdicts and position are made durable together.'),
  streams: z
    .strictObject({
      inMemory: z
        .int()
        .min(1)
        .default(1000)
        .describe('So many are kept in memory; the state of others is read from where it was saved when a row of theirs comes.'),
      max: z.int().min(1).default(10_000).describe('Rows of further streams are dead letters: names by mistake or by malice do not fill the disk.'),
    })
    .prefault({})
    .describe('How many streams there may be, on each partition. No result depends on how many are in memory.'),
  train: z
    .strictObject({
      rows: z
        .union([z.int().min(1), range])
        .optional()
        .describe('Learn from the first so many rows (3600) or from a range of data rows (3500-8000: row 3500 up to, not including, row 8000).'),
      file: slot('source', 'Learn from another source, read to its end.'),
      model: z.string().min(1).optional().describe('Use the models in this file, written by `sluice train`.'),
      calibrate: z
        .enum(['split', 'none'])
        .default('split')
        .describe('split: 70 % of the rows fit the models, then a gap, and the rest sets the thresholds. none: all rows do both.'),
    })
    .prefault({})
    .describe('What normal looks like. Default: the first 3600 rows.'),
  views: z
    .record(name, z.array(slot('step', 'A preprocess step; the first entry may be the name of another view.')))
    .optional()
    .describe('Named chains of preprocess steps. Default: one named default.'),
  detectors: z
    .record(name, slot('detector', 'A detector: its type, the view it looks at and its options.'))
    .describe('The detectors, side by side, each under a name of your choice.'),
  threshold: thresholdKeys.prefault({}).describe('The levels that all detectors are held to unless they name their own.'),
  combine: z
    .record(name, slot('combination', 'Combiners over detectors.'))
    .optional()
    .describe('Verdicts over several detectors together, each under a name of your choice.'),
  incidents: z
    .strictObject({
      open: duration().prefault('5s').describe('Flagged for so long opens an incident.'),
      close: duration().prefault('60s').describe('Not flagged for so long closes it.'),
      merge: duration().prefault('120s').describe('Incidents less than this apart are one.'),
    })
    .prefault({})
    .describe('When flagged rows become one incident.'),
  serve: z
    .union([
      z.literal(false),
      z.strictObject({
        host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
        port: z.int().min(0).max(65_535).optional().describe('Port; default: 8080, or the next free one.'),
        simulator: z
          .url({ protocol: /^https?$/, error: 'expected an address such as http://127.0.0.1:8090' })
          .optional()
          .describe('Address of a `sluice simulate service` that the page may command; SLUICE_TOKEN of the environment is shown to it.'),
        exact: z.boolean().optional().describe('Fail when the port is taken; default: true where one is named.'),
      }),
    ])
    .prefault({})
    .describe('The HTTP server for health and metrics; false turns it off.'),
  workers: z
    .int()
    .min(0)
    .max(64)
    .optional()
    .describe('Threads beside the main one that score large batches; no score depends on them. Default: one less than there are cores, at most 3.'),
  seed: z.int().min(0).max(0xffff_ffff).default(0).describe('Seeds every random choice that names no seed of its own.'),
});

/** Slots that must be filled. The resolver says when one is not, so that it is said once. */
export const requiredSlots = ['source'] as const;

/** The chain of a pipeline that declares no view. */
export const defaultSteps = ['clean', { impute: { hold: '30s' } }, 'drop-constant', { standardise: { clip: 30 } }] as const;
