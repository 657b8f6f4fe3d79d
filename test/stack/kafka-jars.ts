import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { java17 } from './programs.ts';

const version = '4.3.0';

/** Where the jars are kept between runs. */
function jarFolder(): string {
  return join(process.env.SLUICE_STACK_CACHE || join(homedir(), '.cache/sluice-stack'), `kafka-${version}`);
}

export const haveJars = (): boolean => existsSync(join(jarFolder(), '.ok'));

/** Where the classes of the broker are kept as this Java has loaded them, beside the jars they are from. */
export const keptClasses = (): string => join(jarFolder(), `classes-${java17()?.version}.jsa`);

/** A broker of a test lives for a minute: compiling its code for hours, or loading its classes anew, takes more than it gives. */
export const quickJvm = (): string[] => [
  ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
  ...(existsSync(keptClasses()) ? [`-XX:SharedArchiveFile=${keptClasses()}`, '-Xlog:disable'] : []),
];

const dependency = (group: string, artifact: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

/** Without a binding for its slf4j the broker would log nothing. */
const project = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging><dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', version)}
${dependency('org.apache.kafka', 'kafka-tools', version)}
${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', '2.25.4')}
</dependencies></project>
`;
const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

/**
 * The folder with the jars of Kafka, which Maven fetches the first time. Processes that find none at the same moment each fetch
 * them aside and move them in one by one: whoever comes second replaces a file by the same file.
 */
export async function kafkaJars(): Promise<string> {
  const folder = jarFolder();
  if (haveJars()) return folder;
  await mkdir(folder, { recursive: true });
  const aside = await mkdtemp(join(folder, '.fetching-'));
  try {
    const pom = join(aside, 'pom.xml');
    const jars = join(aside, 'jars');
    await writeFile(pom, project);
    await maven(['-q', '-B', '-f', pom, copyDependencies, `-DoutputDirectory=${jars}`, '-DincludeScope=runtime']);
    for (const jar of await readdir(jars)) await rename(join(jars, jar), join(folder, jar));
    await writeFile(join(folder, '.ok'), '');
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return folder;
}

async function maven(args: readonly string[]): Promise<void> {
  await promisify(execFile)('mvn', args).catch((cause: Error & { stdout: string }) => {
    throw new Error(`Maven could not fetch Kafka: ${cause.message}\n${cause.stdout.slice(0, 2000)}`, { cause });
  });
}
