import { existsSync } from 'node:fs';
import type { SourceDefinition } from '../core/component.ts';
import { didYouMean, quote, SluiceError } from '../core/errors.ts';
import { parseDuration } from '../core/time.ts';
import { isTimezone } from '../producer/decode/zone.ts';
import { firstRows, lookAt, type SourceLook } from './first-rows.ts';
import type { TemplateChoices, TemplateFacts } from './pipeline-template.ts';

export interface Prepared {
  readonly choices: TemplateChoices;
  /** undefined: there was nothing that could be read. */
  readonly facts: TemplateFacts | undefined;
  readonly warnings: readonly string[];
}

const guessedPeriod = '1s';

/**
 * Checks what was chosen and looks at the first rows of the file, where there is one. A file that cannot be read is a
 * warning: the pipeline can be written before it comes.
 * @throws USAGE for a zone or a period that is none; SOURCE_TIME when the times need a zone and none was named
 */
export async function prepare(source: SourceDefinition, choices: TemplateChoices): Promise<Prepared> {
  const { path, timezone, period } = choices;
  if (timezone !== undefined) requireTimezone(timezone);
  if (period !== undefined && parseDuration(period) === undefined)
    throw new SluiceError('USAGE', `--period ${quote(period)} is no span of time`, { fix: 'Write a number and a unit, e.g. --period 1s.' });
  const without = (warning?: string, changed = choices): Prepared => ({ choices: changed, facts: undefined, warnings: warning === undefined ? [] : [warning] });
  if (path === undefined) return without();
  if (!existsSync(path)) return without(`there is no file ${quote(path)} yet; training rows and spans of time are for rows of one a second`);

  const first = await attempt(source, choices);
  if (!(first instanceof SluiceError)) return { choices, facts: factsOf(first), warnings: [] };
  if (first.code === 'SOURCE_TIME' && timezone === undefined && !((await attempt(source, { ...choices, timezone: 'UTC' })) instanceof SluiceError)) {
    throw new SluiceError('SOURCE_TIME', first.what, { place: path, fix: 'Name the zone of its clock, e.g. --timezone Europe/Berlin.', cause: first });
  }
  if (first.code === 'SOURCE_TIME' && period === undefined) {
    const guessed = { ...choices, period: guessedPeriod };
    const second = await attempt(source, guessed);
    if (!(second instanceof SluiceError)) {
      const warning = `${path}: no time column was found, so \`period: ${guessedPeriod}\` is a guess; say how far rows are apart with --period, or name the column with \`time\``;
      return { choices: guessed, facts: factsOf(second), warnings: [warning] };
    }
  }
  return without(`cannot look at the rows: ${first.message}`);
}

/** The first rows, or the error that keeps them from being read. */
async function attempt(source: SourceDefinition, { path, timezone, period }: TemplateChoices): Promise<SourceLook | SluiceError> {
  const options = source.options.safeParse({ path, ...(timezone === undefined ? {} : { timezone }), ...(period === undefined ? {} : { period }) });
  if (!options.success) return new SluiceError('USAGE', `the source '${source.type}' does not take these options`);
  try {
    return await lookAt(source.create(options.data, { stream: 'plant', lateness: 60_000, seed: 0, warn: () => undefined }), firstRows);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
}

function factsOf({ read, streamRows, ended, interval }: SourceLook): TemplateFacts | undefined {
  return read === 0 ? undefined : { rows: streamRows, all: ended, interval };
}

function requireTimezone(timezone: string): void {
  if (isTimezone(timezone)) return;
  const zones = Intl.supportedValuesOf('timeZone');
  const city = (zone: string): string => zone.slice(zone.lastIndexOf('/') + 1);
  const wanted = timezone.trim().replaceAll(' ', '_');
  const nearCity = didYouMean(wanted, zones.map(city));
  const near = didYouMean(wanted, zones) ?? zones.find((zone) => city(zone) === nearCity);
  throw new SluiceError('USAGE', `there is no time zone ${quote(timezone)}`, {
    place: '--timezone',
    fix: near === undefined ? 'Use an IANA name such as Europe/Berlin or UTC.' : `Did you mean ${quote(near)}?`,
  });
}
