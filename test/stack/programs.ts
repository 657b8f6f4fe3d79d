import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Where a program of that name is found on PATH. */
export function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(folder, name)).find(executable);
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The Java of JAVA_HOME or else of PATH, when it is 17 or newer: Kafka 4 runs on no older one. */
export function java17(): Java | undefined {
  const program = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : onPath('java');
  if (program === undefined) return undefined;
  if (asked?.program !== program) {
    const { stderr } = spawnSync(program, ['-version'], { encoding: 'utf8' });
    asked = { program, version: /version "([^"]+)/.exec(stderr ?? '')?.[1] ?? '' };
  }
  return Number.parseInt(asked.version, 10) >= 17 ? asked : undefined;
}

interface Java {
  readonly program: string;
  readonly version: string;
}

let asked: Java | undefined;

/** Whether Docker is here and its daemon answers. */
export function dockerAnswers(): boolean {
  return onPath('docker') !== undefined && spawnSync('docker', ['version'], { stdio: 'ignore', timeout: 5000 }).status === 0;
}
