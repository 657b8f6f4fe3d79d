import { type Access, type Bucket, manage, query } from './management.ts';
import { rightsOf } from './rights.ts';

export interface SetupStep {
  /** What it is: `bucket plant`. */
  readonly what: string;
  readonly outcome: 'created' | 'kept' | 'changed' | 'replaced';
  /** What it is like, or may do. */
  readonly detail: string;
}

/** The variables that hold tokens, and what these may do. */
export interface TokenNames {
  /** Reads and writes the plant's bucket. */
  readonly INFLUX_TOKEN: string;
  /** Reads all three buckets. */
  readonly INFLUX_READER_TOKEN: string;
  /** Writes the bucket for monitoring. */
  readonly INFLUX_TELEGRAF_TOKEN: string;
}

interface Permission {
  readonly action: 'read' | 'write';
  readonly resource: { readonly type: string; readonly id?: string; readonly orgID?: string };
}

interface Authorization {
  readonly id: string;
  /** Servers that keep tokens as hashes show it only when it is made. */
  readonly token?: string;
  readonly status: string;
  readonly description?: string;
  readonly permissions: readonly Permission[];
}

interface Use {
  readonly name: keyof TokenNames;
  readonly detail: string;
  /** Tells the tokens that were made for this use, of this plant, from all others. */
  readonly description: string;
  /** What earlier versions called them. */
  readonly formerly?: string;
  readonly permissions: readonly Permission[];
}

export interface TokenOptions {
  readonly access: Access;
  readonly org: string;
  readonly orgId: string;
  readonly plant: Bucket;
  readonly monitoring: Bucket;
  readonly history: Bucket;
  readonly known: Readonly<Partial<TokenNames>>;
  readonly rotate: boolean;
  save(values: Readonly<Record<string, string>>): Promise<void>;
}

/**
 * A token for each use that opens nothing else. Those that are known and right are kept; others are made anew, saved, and only
 * then the ones made before for the same use are deleted, so that there is always one that works.
 * @throws STORE_DENIED, STORE_UNAVAILABLE; what `save` throws
 */
export async function ensureTokens({
  access,
  org,
  orgId,
  plant,
  monitoring,
  history,
  known,
  rotate,
  save,
}: TokenOptions): Promise<{ steps: SetupStep[]; warnings: string[] }> {
  const { authorizations } = await manage<{ authorizations: Authorization[] }>(access, 'GET', `/api/v2/authorizations?${query({ orgID: orgId })}`);
  const steps: SetupStep[] = [];
  const warnings: string[] = [];
  const made: Record<string, string> = {};
  const old: Authorization[] = [];
  for (const { name, detail, description, formerly, permissions } of usesOf(orgId, plant, monitoring, history)) {
    const value = known[name];
    const same = authorizations.find(({ token }) => value !== undefined && token === value);
    const isOurs = (each: Authorization): boolean => each.description === description || (formerly !== undefined && each.description === formerly);
    const before = authorizations.filter((each) => isOurs(each) && each !== same);
    const hidden = before.some(({ token }) => !token);
    const right = same
      ? same.status === 'active' && samePermissions(same.permissions, permissions)
      : hidden && value !== undefined && (await hasPermissions({ ...access, token: value }, org, [plant, monitoring, history], permissions));
    if (right && !rotate) {
      // Which of those whose tokens are hidden is the one in use cannot be told.
      if (!hidden) old.push(...before);
      steps.push({ what: name, outcome: 'kept', detail });
      continue;
    }
    made[name] = (await manage<{ token: string }>(access, 'POST', '/api/v2/authorizations', { orgID: orgId, description, permissions })).token;
    old.push(...before, ...(same && isOurs(same) ? [same] : []));
    if (before.length > 0) warnings.push(`the ${name} that was made before is not in this file and no longer works; whoever has it needs the new one`);
    steps.push({ what: name, outcome: value === undefined ? 'created' : 'replaced', detail });
  }
  await save(made);
  for (const { id } of old) await manage(access, 'DELETE', `/api/v2/authorizations/${id}`);
  return { steps, warnings };
}

/** Tried out, for servers that do not show what they have stored. */
async function hasPermissions(access: Access, org: string, buckets: readonly Bucket[], permissions: readonly Permission[]): Promise<boolean> {
  for (const { id, name } of buckets) {
    const wants = (wanted: Permission['action']): boolean => permissions.some(({ action, resource }) => action === wanted && resource.id === id);
    const { reads, writes, manages } = await rightsOf(access, org, name);
    if (reads !== wants('read') || writes !== wants('write') || manages) return false;
  }
  return true;
}

function usesOf(orgID: string, plant: Bucket, monitoring: Bucket, history: Bucket): Use[] {
  const may = (action: Permission['action'], { id }: Bucket): Permission => ({ action, resource: { type: 'buckets', id, orgID } });
  return [
    {
      name: 'INFLUX_TOKEN',
      detail: `reads and writes bucket ${plant.name}`,
      description: `sluice ${plant.name}: reads and writes ${plant.name}`,
      permissions: [may('read', plant), may('write', plant)],
    },
    {
      name: 'INFLUX_READER_TOKEN',
      detail: `reads buckets ${plant.name}, ${monitoring.name} and ${history.name}`,
      description: `sluice ${plant.name}: reads ${plant.name}, ${monitoring.name} and ${history.name}`,
      formerly: `sluice ${plant.name}: reads ${plant.name} and ${monitoring.name}`,
      permissions: [may('read', plant), may('read', monitoring), may('read', history)],
    },
    {
      name: 'INFLUX_TELEGRAF_TOKEN',
      detail: `writes bucket ${monitoring.name}`,
      description: `sluice ${plant.name}: writes ${monitoring.name}`,
      permissions: [may('write', monitoring)],
    },
  ];
}

function samePermissions(a: readonly Permission[], b: readonly Permission[]): boolean {
  const keys = (permissions: readonly Permission[]): string =>
    permissions
      .map(({ action, resource: { type, id = '*' } }) => `${action} ${type} ${id}`)
      .sort()
      .join();
  return keys(a) === keys(b);
}
