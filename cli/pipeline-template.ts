import { basename, extname } from 'node:path';
import { stringify } from 'yaml';
import type { SourceDefinition } from '../core/component.ts';
import { toJsonSchema } from '../core/config/json-schema.ts';
import { SluiceError } from '../core/errors.ts';
import { formatDuration } from '../core/time.ts';
import { writtenDuration } from './written-duration.ts';

export interface TemplateChoices {
  readonly path?: string;
  readonly stream?: string;
  readonly timezone?: string;
  readonly period?: string;
}

/** What the rows of the source say of the values to begin with. */
export interface TemplateFacts {
  /** Rows that were counted. */
  readonly rows: number;
  /** Are those all? */
  readonly all: boolean;
  /** From row to row, ms. */
  readonly interval: number | undefined;
}

/** Of so many training rows, a quarter tells the 99.9 % quantile of their scores. */
const mostTraining = 4000;
const leastTraining = 50;

/** A pipeline for a source, with its options and a comment at every part. @throws USAGE for a choice that the source has no option for. */
export function pipelineTemplate(source: SourceDefinition, choices: TemplateChoices, facts?: TemplateFacts): string {
  const { properties = {}, required = [] } = toJsonSchema(source.options) as {
    properties?: Record<string, { default?: unknown; description?: string }>;
    required?: string[];
  };
  const given: Record<string, string | undefined> = { path: choices.path, timezone: choices.timezone, period: choices.period };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !Object.hasOwn(properties, name)) {
      throw new SluiceError('USAGE', `the source '${source.type}' has no option '${name}'`, { fix: `It has: ${Object.keys(properties).join(', ')}.` });
    }
  }
  const options = Object.entries(properties).map(([name, { default: fallback, description }]) => {
    const value = given[name] ?? (required.includes(name) ? placeholder(name, source.type) : undefined);
    if (value !== undefined) return `  ${name}: ${yamlText(value)}`;
    return `  # ${name}: ${fallback === undefined ? '…' : JSON.stringify(fallback)}   # ${description ?? ''}`;
  });
  const name = choices.stream ?? streamName(choices.path);
  const train = trainingRows(facts);
  const spans = spansFor(facts?.interval);
  return `# A pipeline for Sluice. Every key is described in docs/components and by \`sluice schema\`; what is left out has a default.
# Check it with \`sluice check\`, run it with \`sluice run\`.

# The name of the plant: letters, digits, dots, dashes and underscores.
stream: ${yamlText(name)}

# Where the rows come from: ${source.summary}
source:
  type: ${source.type}
${options.join('\n')}
  # pace: max   # max, a multiple of the rows' own time (60x) or a rate (100/s)
  # loop: false # begin again at the end

# What normal looks like: the first rows, during which the plant should run well. ${train.why}
# Or a range of rows: { rows: 3500-8000 }. Or a recording of its own: { file: { type: csv, path: normal.csv } }
train: { rows: ${train.rows} }

# What is done to the rows before a detector sees them. Each view is a chain of steps; the first entry may be another view.
# A missing reading is held for up to \`hold\`${facts?.interval === undefined ? '' : `, here some 30 rows`}.
views:
  plain: [clean, { impute: { hold: ${spans.hold} } }, drop-constant, { standardise: { clip: 30 } }]
  # The mean of each tag's last 10 rows, for plants whose valves and pumps switch; where nothing does, plain is sharper.
  calm: [plain, { smooth: { window: 10, discrete: smooth } }]

# Detectors side by side, each under a name of your choice. \`sluice list detectors\` shows what there is.
# Does a row follow from those before it; do the tags still move together; was there ever a row like it?
detectors:
  var: { type: var, view: calm }
  mahalanobis: { type: mahalanobis, view: calm }
  k-nn: { type: k-nn, view: plain }

# From which score on a row is a warning or an error: here the highest 1 % and 0.1 % of the scores that training rows had.
# The last quarter of the training rows sets them; \`sluice check\` says when those are too few for it.
threshold: { warn: { quantile: 0.99 }, error: { quantile: 0.999 } }

# One verdict over several detectors: their scores averaged over the last 10 rows, or a tag that never moved before and now does.
combine:
  combined: { fuse: { of: [var, mahalanobis, k-nn], smooth: 10 }, any: [constant-broken] }

# Flagged rows become one incident: flagged for \`open\` opens it, quiet for \`close\` closes it, closer than \`merge\` is the same one.
${spans.why}incidents: { open: ${spans.open}, close: ${spans.close}, merge: ${spans.merge} }

# Where rows, verdicts and incidents are kept, and where else incidents are told: in the terminal those of \`combined\`.
store: { type: duckdb, path: ${yamlText(`.sluice/${name}.duckdb`)} }
outputs: [{ terminal: { detectors: [combined] } }]

# Health and metrics, on port 8080 or the next free one; a port that is named is taken, or the start fails. false turns it off.
serve: { host: 127.0.0.1 }
`;
}

/** Text as YAML reads it back, wherever in a line it stands; what a pipeline file would take for a variable is escaped. */
function yamlText(text: string): string {
  const literal = text.replaceAll('${', () => '$${');
  return /[,[\]{}\n]/.test(literal) ? JSON.stringify(literal) : stringify(literal, { lineWidth: 0 }).trimEnd();
}

/** At most a third of the rows that there are, so that most of them are watched. */
function trainingRows(facts: TemplateFacts | undefined): { rows: number; why: string } {
  if (facts === undefined) return { rows: mostTraining, why: 'Rows of one a second: about an hour.' };
  const rows = Math.min(mostTraining, Math.max(leastTraining, Math.floor(facts.rows / 3)));
  const counted = `${facts.all ? '' : 'more than '}${facts.rows.toLocaleString('en-US')}`;
  const why = rows === mostTraining ? 'enough to tell the levels below' : rows === leastTraining ? 'fewer tell little' : 'a third, so that the rest is watched';
  return { rows, why: `The file has ${counted} rows: ${why}.` };
}

/** Spans of time in numbers of rows, none shorter than suits rows of one a second. */
function spansFor(interval: number | undefined): Record<'hold' | 'open' | 'close' | 'merge' | 'why', string> {
  const span = (rows: number, least = rows * 1000): string => writtenDuration(Math.max(least, rows * (interval ?? 1000)));
  const why = interval === undefined ? '' : `# Rows are ${formatDuration(interval)} apart (median).\n`;
  return { hold: span(30, 1000), open: span(5), close: span(60), merge: span(120), why };
}

function placeholder(name: string, type: string): string {
  return name === 'path' ? `data/plant.${type}` : name;
}

/** \`data/Plant 7.csv\` -> \`plant-7\` */
function streamName(path: string | undefined): string {
  if (path === undefined) return 'plant';
  const name = basename(path, extname(path))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'plant' : name;
}
