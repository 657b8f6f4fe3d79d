import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Environment, expandEnvironment } from './provisioned-text.ts';

const provisioned = z.looseObject({
  apiVersion: z.literal(1),
  datasources: z.array(
    z.looseObject({
      name: z.string().min(1),
      uid: z.string().min(1),
      type: z.string(),
      access: z.string(),
      url: z.string().min(1),
      jsonData: z.looseObject({ version: z.string(), organization: z.string().min(1), defaultBucket: z.string().min(1) }),
      secureJsonData: z.looseObject({ token: z.string().min(1) }),
    }),
  ),
});

export interface DataSource {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  readonly token: string;
}

/** The data sources of a provisioning folder as Grafana makes them where these variables are set. */
export async function readDataSources(folder: string, environment: Environment): Promise<DataSource[]> {
  const files = (await readdir(folder)).filter((file) => /\.ya?ml$/.test(file)).sort();
  const sources: DataSource[] = [];
  for (const file of files) {
    const { datasources } = provisioned.parse(expandEnvironment(parse(await readFile(join(folder, file), 'utf8')), environment));
    for (const { uid, name, type, url, jsonData, secureJsonData } of datasources) {
      sources.push({ uid, name, type, url, org: jsonData.organization, bucket: jsonData.defaultBucket, token: secureJsonData.token });
    }
  }
  return sources;
}
