import { defaultSteps, detectorKeys, frame, requiredSlots, sourceKeys } from '../../core/config/frame.ts';
import { type JsonSchema, toJsonSchema } from '../../core/config/json-schema.ts';
import { describeType } from './component-page.ts';
import { markdownTable } from './markdown-table.ts';

/** docs/pipeline.md: what may stand in a pipeline file. The tables come from the schema that checks it. */
export function pipelinePage(): string {
  return `# The pipeline file

One file says where rows come from, what is done to them, which detectors look and where the results go. It is YAML, or JSON
(which is a part of YAML). \`sluice init\` writes one to start from, \`sluice check\` lists all mistakes at once, each with line and
column, and an editor that knows YAML schemas completes it when the first line is
\`# yaml-language-server: $schema=docs/pipeline.schema.json\`. [pipelines/swat.yaml](../pipelines/swat.yaml) is one with a comment at every part.

The least that a pipeline needs:

\`\`\`yaml
stream: plant
source: { type: csv, path: plant.csv, timezone: Europe/Berlin }
detectors: { mahalanobis: {} }
\`\`\`

## Keys

${keyTable(toJsonSchema(frame))}
Paths are relative to the folder that the command runs in. Keys that are not known are refused; a key without a value counts as left out.

Beside the options of its component ([components](components/README.md)), \`source\` and \`train.file\` take:

${keyTable(toJsonSchema(sourceKeys))}
and a detector takes:

${keyTable(toJsonSchema(detectorKeys))}
## Naming a component

By its bare name when its defaults will do, or with its options:

\`\`\`yaml
bus: memory
outputs: [{ type: terminal }]
\`\`\`

Or as a single key, whose value is the options or, where the component's page names one, just the main option:

\`\`\`yaml
views:
  plain: [clean, { impute: { hold: 30s } }, { standardise: { clip: 30 } }]
  same: [clean, { impute: 30s }, { type: standardise, clip: 30 }]
detectors:
  mahalanobis: { view: plain }
threshold: { warn: { quantile: 0.99 }, error: { fixed: 12 } }
\`\`\`

A detector stands under a name of your choice; without a \`type\`, the name is the type:

\`\`\`yaml
detectors:
  mahalanobis:
  few: { type: k-means, clusters: 2 }
  many: { type: k-means, clusters: 20, threshold: { warn: { quantile: 0.995 } } }
\`\`\`

## Views

A view is a chain of preprocess steps, computed once for all detectors that look at it. Its first entry may be the name of another
view, which it goes on from. A detector that names no view looks at the only one there is, or at the one named \`default\`. Without any,
\`default\` is \`${JSON.stringify(defaultSteps)}\`.

The first view that contains \`drop-constant\` brings a detector named \`constant-broken\`: it looks at the tags before that step and says
when one moves that never did in training. Declare a detector of that name to set it up yourself, or write \`drop-constant: { watch: false }\`
to do without.

## Combinations

Verdicts over several detectors, each under a name of its own. Members are listed, with \`of\` where there are options beside them;
several combiners under one name are joined: flagged as soon as one of them flags.

\`\`\`yaml
detectors:
  k-means:
  mahalanobis:
combine:
  combined: { fuse: { of: [k-means, mahalanobis], smooth: 10 }, any: [constant-broken] }
  both: { all: [k-means, mahalanobis] }
\`\`\`

## Training

The first rows of the stream, a range of its rows (from the first number up to, not including, the second), another source, or saved models:

\`\`\`yaml
train: { rows: 3600 }
\`\`\`
\`\`\`yaml
train: { rows: 3500-8000, calibrate: none }
\`\`\`
\`\`\`yaml
train: { file: { type: xlsx, path: data/SWaT_Dataset_Normal_v1.xlsx, timezone: Asia/Singapore } }
\`\`\`
\`\`\`yaml
train: { model: .sluice/swat.model }
\`\`\`

## Environment variables

\`\${NAME}\` in a value becomes the value of the environment variable, and it is a mistake when that is not set; \`\${NAME:-default}\` has a
default for a variable that is not set or empty. Where a number or true or false belongs, the text is taken as one. \`$\${\` stands for
the characters \`\${\`.

\`\`\`yaml
source: { type: csv, path: "\${PLANT_FILE:-data/plant.csv}" }
serve: { port: \${PORT:-8080} }
\`\`\`

## Changing a value for one run: \`--set\`

\`--set path=value\` changes or adds one value, as often as needed, in order. The result is checked like the file.

| write | to |
| --- | --- |
| \`--set source.pace=max\` | change one option |
| \`--set train.rows=3500-8000\` | add a key that the file does not have |
| \`--set outputs.0.type=terminal\` | change an entry of a list, counted from 0; one past the end adds an entry |
| \`--set bus.type=memory\` | give options to a component that stands there by its bare name |
| \`--set serve=false\` | turn a part off |
| \`--set 'outputs=[]'\` | give a list; the value is read as YAML |
| \`--set 'stream="007"'\` | give text that looks like a number: double quotes inside the shell's single quotes |
| \`--set 'detectors."v1.2".view=plain'\` | name a key that holds a dot or an equals sign: double quotes around it |
| \`--set 'source.path="*.csv"'\` | give text that begins with a character that YAML reads as something else, or holds \`: \` or \` #\` |
| \`--set source.id=\` | take a value away |
`;
}

/** One line a key, those of parts under their own names: `batch.rows`. */
function keyTable(schema: JsonSchema): string {
  return markdownTable(['key', 'type', 'default', 'what it says'], rowsOf(schema, ''));
}

function rowsOf({ properties, required = [] }: JsonSchema, prefix: string): string[][] {
  return Object.entries(properties as Record<string, JsonSchema>).flatMap(([name, property]) => {
    const parts = ((property.anyOf as JsonSchema[] | undefined) ?? [property]).find((branch) => branch.properties !== undefined);
    const needed = (required as string[]).includes(name) || (prefix === '' && requiredSlots.some((slot) => slot === property.slot));
    const { default: fallback } = property;
    const shown = needed ? 'required' : fallback === undefined || typeof fallback === 'object' ? '' : `\`${String(fallback)}\``;
    const own = [`\`${prefix}${name}\``, typeOf(property), shown, String(property.description ?? '')];
    return [own, ...(parts ? rowsOf(parts, `${prefix}${name}.`) : [])];
  });
}

function typeOf(property: JsonSchema): string {
  if (typeof property.slot === 'string') return `a ${property.slot}`;
  const inside = (property.additionalProperties ?? property.items) as JsonSchema | undefined;
  if (property.type === 'object' && inside && typeof inside === 'object') return inside.slot ? `names with a ${inside.slot} each` : 'names with lists of steps';
  if (property.type === 'array' && inside?.slot) return `list of ${inside.slot}s`;
  return describeType(property);
}
