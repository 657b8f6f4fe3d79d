import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const kafkaVersion = '4.3.0';

/** Where the jars are kept between runs. */
export function jarFolder(): string {
  return join(process.env.SLUICE_STACK_CACHE || join(homedir(), '.cache/sluice-stack'), `kafka-${kafkaVersion}`);
}

export const haveJars = (): boolean => existsSync(join(jarFolder(), '.ok'));

const dependency = (group: string, artifact: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

/** The jars of the broker alone log nothing: their slf4j has no binding. */
const project = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging><dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', kafkaVersion)}
${dependency('org.apache.kafka', 'kafka-tools', kafkaVersion)}
${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', '2.25.4')}
</dependencies></project>
`;
const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

/** Fetches the jars through Maven the first time. Each process that finds none fills a folder of its own; the first to finish wins. */
export async function fetchJars(maven: string): Promise<string> {
  const folder = jarFolder();
  if (haveJars()) return folder;
  const work = await mkdtemp(join(tmpdir(), 'sluice-jars-'));
  const filling = `${folder}.${randomUUID()}`;
  try {
    await mkdir(filling, { recursive: true });
    await writeFile(join(work, 'pom.xml'), project);
    const args = ['-q', '-B', '-f', join(work, 'pom.xml'), copyDependencies, `-DoutputDirectory=${filling}`, '-DincludeScope=runtime'];
    await promisify(execFile)(maven, args, { maxBuffer: 1 << 24 });
    await writeFile(join(filling, '.ok'), '');
    // A folder without the mark was left by a fill that was cut off.
    if (!haveJars()) await rm(folder, { recursive: true, force: true });
    await rename(filling, folder).catch((error: NodeJS.ErrnoException) => {
      if (!haveJars()) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(filling, { recursive: true, force: true });
  }
  return folder;
}
