import { basename, extname } from 'node:path';
import type { SourceDefinition } from '../core/component.ts';
import { toJsonSchema } from '../core/config/json-schema.ts';
import { SluiceError } from '../core/errors.ts';

export interface TemplateChoices {
  readonly path?: string;
  readonly stream?: string;
  readonly timezone?: string;
}

/** A pipeline for a source, with its options and a comment at every part. @throws USAGE for a choice that the source has no option for. */
export function pipelineTemplate(source: SourceDefinition, choices: TemplateChoices): string {
  const { properties = {}, required = [] } = toJsonSchema(source.options) as {
    properties?: Record<string, { default?: unknown; description?: string }>;
    required?: string[];
  };
  const given: Record<string, string | undefined> = { path: choices.path, timezone: choices.timezone };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !Object.hasOwn(properties, name)) {
      throw new SluiceError('USAGE', `the source '${source.type}' has no option '${name}'`, { fix: `It has: ${Object.keys(properties).join(', ')}.` });
    }
  }
  const options = Object.entries(properties).map(([name, { default: fallback, description }]) => {
    const value = given[name] ?? (required.includes(name) ? placeholder(name, source.type) : undefined);
    if (value !== undefined) return `  ${name}: ${JSON.stringify(value)}`;
    return `  # ${name}: ${fallback === undefined ? '…' : JSON.stringify(fallback)}   # ${description ?? ''}`;
  });
  return `# A pipeline for Sluice. Every key is described in docs/components and by \`sluice schema\`; what is left out has a default.
# Check it with \`sluice check\`, run it with \`sluice run\`.

# The name of the plant: letters, digits, dots, dashes and underscores.
stream: ${choices.stream ?? streamName(choices.path)}

# Where the rows come from: ${source.summary}
source:
  type: ${source.type}
${options.join('\n')}
  # pace: max   # max, a multiple of the rows' own time (60x) or a rate (100/s)
  # loop: false # begin again at the end

# What normal looks like: the first rows, during which the plant should run well. Or a range of rows, such as 3500-8000.
train: { rows: 3600 }

# What is done to the rows before a detector sees them. Each view is a chain of steps; the first entry may be another view.
views:
  plain: [clean, { impute: { hold: 30s } }, drop-constant, { standardise: { clip: 30 } }]
  reduced: [plain, { pca: { variance: 0.95 } }]

# Detectors side by side, each under a name of your choice. \`sluice list detector\` shows what there is.
detectors:
  k-means: { type: k-means, view: reduced }
  mahalanobis: { type: mahalanobis, view: plain }

# From which score on a row is a warning or an error: here the highest 1 % and 0.1 % of the scores that training rows had.
threshold: { warn: { quantile: 0.99 }, error: { quantile: 0.999 } }

# One verdict over several detectors: their scores averaged over the last 10 rows, or a tag that never moved before and now does.
combine:
  combined: { fuse: { of: [k-means, mahalanobis], smooth: 10 }, any: [constant-broken] }

# Flagged rows become one incident: flagged for \`open\` opens it, quiet for \`close\` closes it, closer than \`merge\` is the same one.
incidents: { open: 5s, close: 60s, merge: 120s }

# Where rows, verdicts and incidents are kept, and where else incidents are told.
store: { type: duckdb, path: .sluice/${choices.stream ?? streamName(choices.path)}.duckdb }
outputs: [terminal]

# Health and metrics, on port 8080 or the next free one; a port that is named is taken, or the start fails. false turns it off.
serve: { host: 127.0.0.1 }
`;
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
