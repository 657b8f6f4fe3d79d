import { didYouMean, quote, SluiceError } from '../errors.ts';
import type { CombinationConfig, ThresholdConfig } from '../pipeline-config.ts';
import { findDefinition, isKeys, type PipelineFile, parseOptions } from './component-forms.ts';
import { thresholdKeys } from './frame.ts';
import type { ConfigPath } from './mistakes.ts';
import { constantBroken } from './resolve-detectors.ts';
import { thresholdConfig } from './resolve-thresholds.ts';
import { validate } from './validate.ts';

export async function combinationConfigs(
  file: PipelineFile,
  value: unknown,
  detectors: ReadonlySet<string>,
  otherwise: ThresholdConfig | undefined,
): Promise<Map<string, CombinationConfig>> {
  const combinations = new Map<string, CombinationConfig>();
  for (const [name, entry] of Object.entries(isKeys(value) ? value : {})) {
    const path = ['combine', name];
    if (detectors.has(name)) file.document.mistake(path, `the name ${quote(name)} is taken by a detector; choose another`, 'key');
    if (!isKeys(entry)) {
      file.document.mistake(path, `expected combiners with their members, such as { fuse: [a, b] }, got ${entry === undefined ? 'nothing' : quote(entry)}`);
      continue;
    }
    const { threshold: levels, ...combiners } = entry;
    if (Object.keys(combiners).length === 0)
      file.document.mistake(path, `at least one combiner is needed (known: ${file.registry.types('combiner').join(', ')})`);
    const parts: CombinationConfig['parts'][number][] = [];
    for (const [type, members] of Object.entries(combiners)) {
      const part = await combinationPart(file, type, members, [...path, type], detectors);
      if (part) parts.push(part);
    }
    const judged =
      levels === undefined ? undefined : validate(thresholdKeys, levels, { document: file.document, at: (inside) => [...path, 'threshold', ...inside] });
    const threshold = judged && (await thresholdConfig(file, levels, [...path, 'threshold'], otherwise));
    combinations.set(name, { parts, ...(threshold ? { threshold } : {}) });
  }
  return combinations;
}

async function combinationPart(
  file: PipelineFile,
  type: string,
  value: unknown,
  path: ConfigPath,
  detectors: ReadonlySet<string>,
): Promise<CombinationConfig['parts'][number] | undefined> {
  const definition = await findDefinition(file, 'combiner', { type, typePath: path, typeIs: 'key', value, path });
  if (!definition) return undefined;
  const listed = Array.isArray(value);
  const { of: members, ...options } = listed ? { of: value } : isKeys(value) ? value : { of: undefined };
  const membersPath = listed ? path : [...path, 'of'];
  const parsed = parseOptions(file.document, definition, { type, typePath: path, typeIs: 'key', value: options, path }, ['of']);
  if (!Array.isArray(members) || members.length === 0) {
    file.document.mistake(membersPath, `expected a list of detectors, got ${members === undefined ? 'nothing' : quote(members)}`);
    return undefined;
  }
  const names = [...detectors];
  for (const [i, member] of members.entries()) {
    const at = [...membersPath, i];
    if (typeof member !== 'string' || !detectors.has(member)) {
      const near = typeof member === 'string' ? didYouMean(member, names) : undefined;
      const why = member === constantBroken ? ': no view drops constant tags' : '';
      file.document.mistake(
        at,
        `there is no detector ${quote(member)}${why}${near ? `; did you mean ${quote(near)}?` : ''} (declared: ${names.join(', ') || 'none'})`,
      );
    } else if (members.indexOf(member) < i) file.document.mistake(at, `${quote(member)} is listed twice`);
  }
  if (parsed) requirePossible(file, () => definition.start?.(parsed.options, members.length), path);
  return parsed && { ...parsed, of: members as string[] };
}

/** A combiner refuses options that do not suit the number of its members when it starts. */
function requirePossible(file: PipelineFile, start: () => unknown, path: ConfigPath): void {
  try {
    start();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    file.document.mistake(path, error.message);
  }
}
