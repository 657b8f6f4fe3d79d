import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What of this machine a container sees: the folder under its own path, the ports on the loopback. */
export interface Container {
  readonly image: string;
  readonly name: string;
  readonly folder: string;
  readonly ports: readonly number[];
}

/** The command that runs a program of the image in the foreground, as this user, so that the folder stays ours to remove. */
export function inContainer({ image, name, folder, ports }: Container, [program, ...args]: readonly string[]): string[] {
  const user = `${process.getuid?.()}:${process.getgid?.()}`;
  const published = ports.flatMap((port) => ['-p', `127.0.0.1:${port}:${port}`]);
  return ['docker', 'run', '--rm', '--name', name, '--user', user, '-v', `${folder}:${folder}`, ...published, '--entrypoint', program, image, ...args];
}

/** Pulls the image where it is not here yet, so that this takes no time from the server's start. */
export async function fetchImage(image: string): Promise<void> {
  const { stdout } = await run('docker', ['images', '-q', image]);
  if (stdout.trim() === '') await run('docker', ['pull', '-q', image]);
}

const verbs = { SIGTERM: ['stop', '-t', '30'], SIGKILL: ['kill'], SIGSTOP: ['pause'], SIGCONT: ['unpause'] } as const;
export type Signal = keyof typeof verbs;

/** The client in the foreground cannot pass on every signal; the daemon can. */
export async function signalContainer(name: string, signal: Signal): Promise<void> {
  await run('docker', [...verbs[signal], name]);
}
